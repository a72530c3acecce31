"""A witness's home: one policy a log, each with its own quorum."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from atoll.ledger.tlog_policy import NO_QUORUM, Log, Policy, Witness, encode_policy, make_policy
from atoll.testing.consortium import NamedEntropy
from atoll.testing.logserver import MadeUpLog
from atoll.witness.errors import BadWitnessConfig, WitnessStoreCorrupt
from atoll.witness.home import WitnessHome, create_witness, load_witness_policies
from atoll.witness.server import serve_witness
from atoll.witness.store import WitnessStore
from tests.unit.witness.home import SetClock, key_of

ONE, OTHER = MadeUpLog(1, origin="test.example/one"), MadeUpLog(1, origin="test.example/other")


def policy_of(*logs: MadeUpLog, quorum: str = "bank") -> Policy:
    return make_policy([Log(one.key) for one in logs], [Witness("bank", key_of("bank")[0])], (), quorum)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WitnessHome:
    monkeypatch.setenv("ATOLL_PASSPHRASE", "a passphrase for this test")
    return WitnessHome(tmp_path / "w")


def create(home: WitnessHome, *policies: Policy) -> None:
    words = NamedEntropy("witness's home")
    create_witness(
        home, name="w.example", listen="127.0.0.1:7500", tls=True, policies=policies, clock=SetClock(), entropy=words
    )


def test_each_log_keeps_the_quorum_of_its_own_policy(home: WitnessHome) -> None:
    policies = [policy_of(ONE), policy_of(OTHER, quorum=NO_QUORUM)]
    create(home, *policies, policies[0])
    assert load_witness_policies(home) == policies
    assert home.path.stat().st_mode & 0o77 == 0


@pytest.mark.parametrize("lost", [Path.unlink, lambda path: path.write_bytes(b"")], ids=["missing", "empty"])
async def test_a_witness_that_has_lost_its_memory_does_not_begin_again(home: WitnessHome, lost: Callable[[Path], Any]) -> None:
    """Under the same key it would cosign another history than before, and nobody would notice."""
    create(home, policy_of(ONE))
    WitnessStore(home.store, must_exist=True).close()
    lost(home.store)
    with pytest.raises(WitnessStoreCorrupt, match="missing or empty"):
        await serve_witness(home, lambda url: pytest.fail(f"it serves at {url}"))


def test_a_log_with_two_policies_is_refused(home: WitnessHome) -> None:
    with pytest.raises(BadWitnessConfig, match="two policies name"):
        create(home, policy_of(ONE), policy_of(ONE, quorum=NO_QUORUM))
    assert not home.path.exists()
    create(home, policy_of(ONE))
    (home.policies / "2.policy").write_bytes(encode_policy(policy_of(ONE, quorum=NO_QUORUM)))
    with pytest.raises(BadWitnessConfig, match="two policies name"):
        load_witness_policies(home)


def test_a_log_that_several_keys_sign_for_needs_a_quorum(home: WitnessHome) -> None:
    second = MadeUpLog(1, origin=ONE.origin)
    second.secret = OTHER.secret
    with pytest.raises(BadWitnessConfig, match="several keys"):
        create(home, policy_of(ONE, second, quorum=NO_QUORUM))
    create(home, policy_of(ONE, second))
