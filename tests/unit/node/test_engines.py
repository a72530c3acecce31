"""Which engine a node runs, with which settings, and the key by which it votes on blocks: made once, never over another."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from atoll.ledger.records import EngineKind
from atoll.node.config import Config, ConsensusSettings, load_config
from atoll.node.engines import ANY_PORT, ensure_consensus_keys, open_engine, settings_of
from atoll.node.errors import BadRequest
from atoll.node.home import NewHome, create_home, open_home_keys
from atoll.node.keyring import KeyRing
from atoll.node.membership import Membership
from atoll.ordering.cometbft.binary import VARIABLE
from atoll.ordering.cometbft.keys import NODE_KEY, SIGNING_STATE, VALIDATOR_KEY, load_keys
from atoll.ordering.errors import BinaryMissing, ValidatorFilesUnfit
from atoll.ordering.offload import inline
from atoll.primitives.drbg import SeededEntropy
from atoll.testing.consortium import FixedClock, Founding
from atoll.testing.members import MemberNetwork
from atoll.transport.errors import NotConnected
from atoll.trust.keys import Purpose
from atoll.trust.nodekeys import derive_node_id
from tests.unit.node.offices import Office, Offices
from tests.unit.rules.lagoon import Lagoon

NEW = NewHome(org="bank", title="Bank", legal_id="1", roles=("owner",), peer="", https="127.0.0.1:1")
SEED = b"n" * 32
FILES = (VALIDATOR_KEY, NODE_KEY, SIGNING_STATE)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setenv("ATOLL_PASSPHRASE", "a passphrase for a test")
    entropy = SeededEntropy(b"bank".ljust(32, b"."))
    create_home(tmp_path / "bank", NEW, passphrase="a passphrase for a test", clock=FixedClock(), entropy=entropy)
    return load_config(tmp_path / "bank")


def ring(config: Config) -> KeyRing:
    return KeyRing(config, open_home_keys(config), clock=FixedClock(), entropy=entropy())


def entropy(name: str = "keys") -> SeededEntropy:
    return SeededEntropy(name.encode().ljust(32, b"."))


# -- which engine --------------------------------------------------------------------------------------------------------------


async def test_the_genesis_says_which_engine_runs(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(config.home.cometbft)  # as in a home that was restored
    config.home.genesis.write_bytes(Founding().genesis_file)
    keys, members = ring(config), MemberNetwork().port("bank")
    engine = open_engine(
        config, keys, clock=FixedClock(), entropy=entropy(), offload=inline, members=MemberNetwork().port("bank")
    )
    assert engine.kind == EngineKind.EMBEDDED and not (config.home.cometbft / VALIDATOR_KEY).exists()
    await engine.stop()
    monkeypatch.setenv(VARIABLE, "/nowhere/cometbft")
    config.home.genesis.write_bytes(Founding(engine="cometbft").genesis_file)
    with pytest.raises(BinaryMissing):
        open_engine(config, keys, clock=FixedClock(), entropy=entropy(), offload=inline, members=members)
    assert load_keys(config.home.cometbft).node_id == derive_node_id(keys.node_seed())


def test_cometbft_is_run_as_the_owner_says(config: Config) -> None:
    said = ConsensusSettings(listen="0.0.0.0:1", address="a.example:2", rpc="127.0.0.1:3", commit_ms=500)
    settings = settings_of(replace(config, consensus=said))
    found = (settings.listen, settings.external, settings.rpc_listen, settings.timeout_commit_ms)
    assert found == ("0.0.0.0:1", "a.example:2", "127.0.0.1:3", 500)
    assert settings_of(replace(config, consensus=ConsensusSettings())).listen == ANY_PORT


# -- the key that votes --------------------------------------------------------------------------------------------------------


def test_a_key_that_votes_is_made_where_there_is_none_and_never_again(tmp_path: Path) -> None:
    made = ensure_consensus_keys(tmp_path, SEED, entropy())
    assert made is not None and made == load_keys(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in FILES}
    assert ensure_consensus_keys(tmp_path, SEED, entropy("another")) is None
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == before


@pytest.mark.parametrize("left", FILES)
def test_where_a_trace_of_one_is_left_none_is_made(tmp_path: Path, left: str) -> None:
    """What the old one has signed is not known then: somebody has to look."""
    ensure_consensus_keys(tmp_path, SEED, entropy())
    for name in FILES:
        if name != left:
            (tmp_path / name).unlink()
    assert ensure_consensus_keys(tmp_path, SEED, entropy("another")) is None
    with pytest.raises(ValidatorFilesUnfit):
        load_keys(tmp_path)


def test_a_restored_home_has_its_old_name_and_another_key(tmp_path: Path) -> None:
    first, second = (ensure_consensus_keys(tmp_path / one, SEED, entropy(one)) for one in ("first", "second"))
    assert first and second and first.node_id == second.node_id and first.public != second.public


# -- registering it ------------------------------------------------------------------------------------------------------------


class Connected:
    def connected(self) -> tuple[str, ...]:
        return ()

    def hurry(self, org: str) -> None:
        del org

    async def wait_connected(self, org: str) -> None:
        raise NotConnected(org=org)


def membership(config: Config, kind: EngineKind) -> tuple[Membership, Lagoon]:
    """Of a bank that follows and has no consensus key."""
    lagoon = Lagoon(not_validating=["bank"])
    offices = Offices.__new__(Offices)
    offices.lagoon, offices.log = lagoon, []
    office = Office(offices, "bank")
    office.engine.kind = kind
    return Membership(office.context, ring(config), Connected()), lagoon


async def test_a_member_that_follows_registers_the_key_that_its_node_has_made_and_then_the_next(config: Config) -> None:
    made = load_keys(config.home.cometbft)
    member, lagoon = membership(config, EngineKind.COMETBFT)
    await member.rotate("consensus")
    first = lagoon.key("bank", Purpose.CONSENSUS)
    assert (first.version, first.public) == (1, made.public)
    await member.rotate("consensus")
    second = lagoon.key("bank", Purpose.CONSENSUS)
    assert second.version == 2 and second.public == ring(config).prepare(Purpose.CONSENSUS, 2, registered=made.public)
    assert load_keys(config.home.cometbft) == made, "the next is taken when the ledger names it"


async def test_nobody_registers_a_vote_on_blocks_that_nobody_votes_on(config: Config) -> None:
    member, _ = membership(config, EngineKind.EMBEDDED)
    with pytest.raises(BadRequest, match="nobody votes"):
        await member.rotate("consensus")
