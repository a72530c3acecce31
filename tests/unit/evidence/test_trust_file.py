"""The trust file: a C2SP policy that other tools read, and the one thing that is believed unseen."""

from __future__ import annotations

import pytest

from atoll.ledger.evidence import TrustFile, encode_trust_file, parse_trust_file
from atoll.ledger.evidence.errors import TrustFileError
from atoll.ledger.note import parse_note
from atoll.ledger.tlog_policy import parse_policy, verify_checkpoint
from tests.unit.evidence.world import World


@pytest.fixture(scope="module")
def text(world: World) -> str:
    return encode_trust_file(world.founding.genesis, world.founding.genesis_digest)


def test_it_is_read_as_it_was_written(world: World, text: str) -> None:
    trust = parse_trust_file(text)
    assert (trust.chain_id, trust.genesis_digest) == (world.founding.chain_id, world.founding.genesis_digest)
    assert trust.sequencer == "operator"
    assert trust.is_of(world.founding.genesis)


def test_it_is_a_policy_by_which_other_tools_believe_a_checkpoint(world: World, text: str) -> None:
    verified = verify_checkpoint(parse_note(world.newest), parse_policy(text.encode()))
    assert [name for name, _ in verified.cosigned] == [
        f"{world.founding.chain_id}/{org}" for org in ("auditor", "bank", "bureau")
    ]


def test_the_sequencer_is_no_witness(text: str) -> None:
    assert "group validators 3 " in text
    assert "witness test.example/lagoon/operator" not in text


def test_it_may_say_where_things_are_served(world: World, text: str) -> None:
    lines = [line + " https://log.example/" if line.startswith("log ") else line for line in text.split("\n")]
    assert parse_trust_file("\n".join(lines)).is_of(world.founding.genesis)


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("quorum validators", "quorum none", "`none`"),
        ("#atoll genesis", "# genesis", "exactly one line `#atoll genesis"),
        ("#atoll sequencer", "# sequencer", "exactly one line `#atoll sequencer"),
        ("#atoll sequencer operator", "#atoll sequencer Operator", "exactly one line `#atoll sequencer"),
        ("group validators", "grooup validators", "Line"),
        ("quorum validators\n", "", "quorum line"),
    ],
)
def test_what_is_no_trust_file_is_refused(text: str, old: str, new: str, why: str) -> None:
    with pytest.raises(TrustFileError, match=why):
        parse_trust_file(changed(text, old, new))


def test_a_second_genesis_line_is_refused(text: str) -> None:
    line = next(line for line in text.split("\n") if line.startswith("#atoll genesis"))
    with pytest.raises(TrustFileError, match="has 2"):
        parse_trust_file(line[:-1] + ("0" if line[-1] != "0" else "1") + "\n" + text)


def test_it_names_one_log(text: str) -> None:
    with pytest.raises(TrustFileError, match="names 2 logs"):
        parse_trust_file("log example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n" + text)


def test_other_keys_or_another_quorum_are_not_of_the_genesis(world: World, text: str) -> None:
    genesis = world.founding.genesis
    assert not parse_trust_file(changed(text, "group validators 3", "group validators 2")).is_of(genesis)
    assert not parse_trust_file(changed(text, "#atoll sequencer operator", "#atoll sequencer bank")).is_of(genesis)
    other = World(("operator", "auditor", "bank", "telecom")).founding
    swapped: TrustFile = parse_trust_file(encode_trust_file(other.genesis, other.genesis_digest))
    assert not swapped.is_of(genesis)
