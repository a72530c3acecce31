"""Keys that vote on blocks under CometBFT: whose they are, what replaces them, and that nobody orders alone there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.records import ConsensusSet, EngineKind, Member, MemberState, MotionKind
from atoll.ledger.rules.consensus import Handover, disqualify
from atoll.ledger.rules.errors import AlreadyExists, BadKey, NotAllowed, WrongState
from atoll.ledger.rules.keys import RevokeKey, RotateKey
from atoll.ledger.rules.leaving import LeaveMember
from atoll.ledger.rules.membership import SetEndpoints
from atoll.ledger.rules.motion import ApproveMotion, OpenMotion
from atoll.ledger.rules.nodes import is_endpoint
from atoll.trust.keys import Purpose
from atoll.trust.nodekeys import derive_address
from tests.unit.rules.lagoon import Lagoon, new_key
from tests.unit.rules.test_handover import votes_of

NODE = "0123456789abcdef0123456789abcdef01234567@"


def lagoon() -> Lagoon:
    """Five validators on CometBFT."""
    return Lagoon(engine="cometbft")


def keys(one: Lagoon) -> dict[str, bytes]:
    return {each.org: each.consensus for each in one.get(ConsensusSet, "0").counted()}


def test_nobody_hands_over_what_nobody_has() -> None:
    one = lagoon()
    votes = votes_of(one, "auditor", "bank", "bureau", "telecom")
    assert "CometBFT" in one.refused(NotAllowed, "bank", Handover(new_term=2, votes=votes))


def test_a_rotated_consensus_key_votes_from_then_on() -> None:
    one = lagoon()
    new = new_key(Purpose.CONSENSUS, "next")
    one.later().rotate("bank", Purpose.CONSENSUS, new)
    assert keys(one)["bank"] == one.key("bank", Purpose.CONSENSUS).public == new.public.data
    assert one.key("bank", Purpose.CONSENSUS).version == 2


def test_two_validators_never_vote_with_one_key() -> None:
    one = lagoon()
    taken = one.founding.orgs["bureau"].public(Purpose.CONSENSUS)
    one.refused(BadKey, "bank", RotateKey(purpose=Purpose.CONSENSUS, public=taken, second=b""))


def test_a_revoked_consensus_key_counts_no_more_until_the_next() -> None:
    one = lagoon()
    one.do("bank", RevokeKey(org="bank", purpose=Purpose.CONSENSUS, second=b""))
    assert sorted(keys(one)) == ["auditor", "bureau", "operator", "telecom"]
    assert one.get(ConsensusSet, "0").quorum() == 3
    one.later().rotate("bank", Purpose.CONSENSUS, new_key(Purpose.CONSENSUS, "next"))
    assert "bank" in keys(one)


def test_the_last_key_that_votes_cannot_be_revoked() -> None:
    one = Lagoon(engine="cometbft", not_validating=["auditor", "bank", "bureau", "telecom"])
    one.refused(NotAllowed, "operator", RevokeKey(org="operator", purpose=Purpose.CONSENSUS, second=b""))


def test_a_key_that_voted_twice_is_struck_out_and_its_member_stays() -> None:
    one = lagoon().later()
    address = derive_address(keys(one)["bank"])
    assert disqualify(one.call("operator"), bytes(20)) == ""
    assert disqualify(one.call("operator"), address) == "bank"
    assert "bank" not in keys(one) and one.key("bank", Purpose.CONSENSUS).revoked_height == one.height
    assert one.get(Member, "bank").state is MemberState.ACTIVE
    assert disqualify(one.call("operator"), address) == ""


def test_a_member_that_voted_twice_does_not_escape_by_another_key() -> None:
    one = lagoon().later()
    address = derive_address(keys(one)["bank"])
    one.rotate("bank", Purpose.CONSENSUS, new_key(Purpose.CONSENSUS, "next")).later()
    assert disqualify(one.call("operator"), address) == "bank"
    assert "bank" not in keys(one) and one.key("bank", Purpose.CONSENSUS).revoked_height == one.height


def test_a_member_that_voted_twice_does_not_escape_by_revoking_the_key_itself() -> None:
    one = lagoon().later()
    address = derive_address(keys(one)["bank"])
    one.do("bank", RevokeKey(org="bank", purpose=Purpose.CONSENSUS, second=b"")).later()
    assert disqualify(one.call("operator"), address) == "bank"
    one.rotate("bank", Purpose.CONSENSUS, new_key(Purpose.CONSENSUS, "next"))
    assert "bank" not in keys(one)


def test_a_member_that_was_struck_out_keeps_its_say_and_votes_again_by_a_motion_with_another_key() -> None:
    one = lagoon().later()
    old, new = one.founding.orgs["bank"].public(Purpose.CONSENSUS), new_key(Purpose.CONSENSUS, "next")
    disqualify(one.call("operator"), derive_address(old))
    ask = OpenMotion(kind=MotionKind.VALIDATE, org="bank", rules_version=0, from_height=0, expires_at=one.time + 100)
    one.do("bureau", ask).do("operator", ApproveMotion(number=1)).refused(NotAllowed, "telecom", ApproveMotion(number=1))
    one.rotate("bank", Purpose.CONSENSUS, new)
    assert "bank" not in keys(one) and "bank" in one.get(ConsensusSet, "0").voices()
    one.refused(NotAllowed, "bank", ApproveMotion(number=1))
    one.do("telecom", ApproveMotion(number=1))
    assert keys(one)["bank"] == new.public.data
    one.refused(WrongState, "bureau", ask)
    again = new_key(Purpose.CONSENSUS, "again")
    one.later().rotate("bank", Purpose.CONSENSUS, again)
    assert keys(one)["bank"] == again.public.data


@pytest.mark.parametrize("org", ["bank", "auditor"])
def test_a_consensus_key_of_before_is_registered_by_nobody_again(org: str) -> None:
    one = Lagoon(engine="cometbft", not_validating=["auditor"])
    old = keys(one)["bank"]
    one.rotate("bank", Purpose.CONSENSUS, new_key(Purpose.CONSENSUS, "next")).later()
    one.refused(BadKey, org, RotateKey(purpose=Purpose.CONSENSUS, public=old, second=b""))


def test_a_member_registers_its_first_consensus_key_when_it_likes() -> None:
    one = Lagoon(not_validating=["telecom"])
    one.rotate("telecom", Purpose.CONSENSUS, new_key(Purpose.CONSENSUS))
    assert one.key("telecom", Purpose.CONSENSUS).version == 1
    one.rotate("telecom", Purpose.CONSENSUS, new_key(Purpose.CONSENSUS, "next"))
    assert one.key("telecom", Purpose.CONSENSUS).version == 2


def test_the_last_that_votes_is_not_struck_out() -> None:
    one = Lagoon(engine="cometbft", not_validating=["auditor", "bank", "bureau", "telecom"])
    assert disqualify(one.call("operator"), derive_address(keys(one)["operator"])) == ""
    assert list(keys(one)) == ["operator"]


def test_a_revoked_cosigning_key_keeps_its_vote_on_blocks() -> None:
    one = lagoon()
    one.do("bank", RevokeKey(org="bank", purpose=Purpose.COSIGN, second=b""))
    assert "bank" in keys(one)


def test_an_embedded_ledger_asks_nothing_of_consensus_keys() -> None:
    one = lagoon()
    one.put(replace(one.get(ConsensusSet, "0"), engine=EngineKind.EMBEDDED))
    before = one.get(ConsensusSet, "0")
    one.later().rotate("bank", Purpose.CONSENSUS, new_key(Purpose.CONSENSUS, "next"))
    assert one.get(ConsensusSet, "0") == before


def test_a_member_on_cometbft_always_names_its_node() -> None:
    one = lagoon()
    one.refused(NotAllowed, "bank", SetEndpoints(peer="", https=""))
    one.do("bank", SetEndpoints(peer="", https="", consensus_peer=NODE))
    assert one.get(Member, "bank").consensus_peer == NODE


GOOD = ["10.0.0.1:1", "0.0.0.0:65535", "[::]:26656", "[2001:db8::7]:26656", "[1:2:3:4:5:6:7:8]:9", "[::2:3:4:5:6:7:8]:9"]
NAMES = ["localhost:26656", "n1.bank.example:80", "xn--mnchen-3ya.example:7", f"{'a' * 63}.example:7"]
BAD_PORTS = ["bank.example:", "bank.example:0", "bank.example:080", "1.2.3.4:65536", "1.2.3.4:99999", "bank.example:+1"]
BAD_ADDRESSES = ["1.2.3:4", "1.2.3.256:4", "1.2.3.04:4", "1.2.3.4.5:6", "[:1", "[1::2::3]:4", "[1:2:3:4:5:6:7]:8", "[::g]:1"]
MORE_BAD_ADDRESSES = [
    "[1:2:3:4:5:6:7::8]:9",
    "[:::1]:4",
    "[]:4",
    "::1:4",
    "[fe80::1%eth0]:4",
    "[12345::]:4",
    "[1:2:3:4:5:6:7:8:9]:1",
]
BAD_NAMES = [
    "a:b:c:1",
    ":1",
    "-a.example:1",
    "a-.example:1",
    "a..b:1",
    ".a:1",
    f"{'a' * 64}.example:1",
    f"{'a.' * 127}b:1",
    "1",
]


@pytest.mark.parametrize("endpoint", [*GOOD, *NAMES])
def test_an_address_is_one_that_cometbft_can_dial(endpoint: str) -> None:
    assert is_endpoint(endpoint)
    lagoon().do("bank", SetEndpoints(peer="", https="", consensus_peer=NODE + endpoint))


@pytest.mark.parametrize("endpoint", [*BAD_PORTS, *BAD_ADDRESSES, *MORE_BAD_ADDRESSES, *BAD_NAMES])
def test_no_member_keeps_the_others_from_starting_by_an_address_that_is_none(endpoint: str) -> None:
    assert not is_endpoint(endpoint)


def test_the_ledger_takes_no_address_that_is_none() -> None:
    body = SetEndpoints(peer="", https="", consensus_peer=f"{NODE}1.2.3.4:99999")
    assert "65535" in lagoon().refused(NotAllowed, "bank", body)


def test_no_member_gives_its_node_the_name_of_anothers() -> None:
    one = lagoon()
    body = SetEndpoints(peer="", https="", consensus_peer=f"{NODE}bank.example:1")
    founded = one.get(Member, "bureau").consensus_peer.partition("@")[0]
    one.refused(AlreadyExists, "bank", replace(body, consensus_peer=f"{founded}@evil.example:1"))
    one.do("bank", body).do("bank", replace(body, consensus_peer=NODE))
    one.refused(AlreadyExists, "telecom", body)


def test_a_nodes_name_is_free_again_once_its_member_gave_it_up_or_has_left() -> None:
    one = lagoon()
    body = SetEndpoints(peer="", https="", consensus_peer=f"{NODE}bank.example:1")
    one.do("bank", body).do("bank", replace(body, consensus_peer=f"{'5' * 40}@")).do("telecom", body)
    one.refused(AlreadyExists, "bank", body)
    one.do("telecom", LeaveMember(validating_only=False)).do("bank", body)
