"""From which block a new term goes on: chosen by the candidate, checked by everybody who cosigns."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest

from atoll.ledger.rules.consensus import HandoverVote, SignedVote
from atoll.ordering.embedded.ballots import Ballot, Contradiction, Mark, choose_base, verify_base
from atoll.ordering.errors import HandoverRefused
from atoll.primitives.merkle import MerkleTree, leaf_hash


class History:
    """A log of one entry a block, and the marks along it; histories of one prefix share their first blocks."""

    def __init__(self, blocks: str) -> None:
        self.tree = MerkleTree()
        self.marks: list[Mark] = []
        for height, letter in enumerate(blocks):
            self.tree.append(leaf_hash(letter.encode()))
            self.marks.append(Mark(height=height, size=height + 1, root=self.tree.root()))


def ballot(org: str, history: str, *, agreed: int = 0) -> Ballot:
    marks = History(history).marks
    vote = HandoverVote(
        genesis_digest=bytes(32),
        org=org,
        new_term=2,
        new_sequencer="bank",
        height=marks[-1].height,
        size=marks[-1].size,
        root=marks[-1].root,
    )
    return Ballot(signed=SignedVote(vote=vote, signature=bytes(64)), trail=tuple(marks[agreed:]), note=b"", agreed=b"")


def chosen(*histories: str, agreed: str = "g", quorum: int = 3, counted: int = 4) -> tuple[str, bool]:
    """What is chosen from voters a, b, c, ... with these histories, as the last letter of a block; and whether they
    contradict."""
    ballots = [ballot(org, history) for org, history in zip("abcdefg", histories, strict=False)]
    base = choose_base(ballots, History(agreed).marks[-1], quorum=quorum, counted=counted)
    for history in (*histories, agreed):
        if base.mark in History(history).marks:
            return history[: base.mark.size], base.contradicting
    raise AssertionError("a base that nobody has")


@pytest.mark.parametrize(
    ("histories", "expected"),
    [
        (("gabc", "gabc", "gabc"), "gabc"),
        (("g", "ga", "gabc"), "gabc"),  # one vote is enough: that block may be acknowledged
        (("g", "g", "g"), "g"),
        (("gab", "gab", "ga"), "gab"),
    ],
)
def test_votes_of_one_history_lead_to_the_highest(histories: tuple[str, ...], expected: str) -> None:
    assert chosen(*histories) == (expected, False)


@pytest.mark.parametrize(
    ("histories", "quorum", "counted", "expected"),
    [
        (("gab", "gab", "gax"), 3, 4, "gab"),  # two of three have b, and 2q - n = 2
        (("gab", "gax", "gay"), 3, 4, "ga"),  # all share a
        (("gb", "gx", "gy"), 3, 4, "g"),  # nothing but the genesis
        (("gab", "gab", "gab", "gaxyz", "gaxyz"), 5, 7, "gab"),  # 2q - n = 3 beats a longer branch of two
        (("gabc", "gabd", "gx", "gx", "gx"), 5, 7, "gx"),
        (("gabc", "gabd", "gab", "gx", "gx"), 5, 7, "gab"),
    ],
)
def test_votes_that_contradict_lead_to_the_longest_prefix_that_enough_back(
    histories: tuple[str, ...], quorum: int, counted: int, expected: str
) -> None:
    assert chosen(*histories, quorum=quorum, counted=counted) == (expected, True)


def test_nothing_agreed_is_given_up_whatever_the_votes_say() -> None:
    assert chosen("gx", "gx", "gx", agreed="gab") == ("gab", False)
    assert chosen("ga", "g", "g", agreed="gab") == ("gab", False)
    assert chosen("gabc", "gx", "gx", agreed="gab") == ("gabc", False)


def test_an_acknowledged_block_is_always_kept() -> None:
    """Every way in which q of n have a block and q of n vote, all of them honest, for small n; the rest have another
    history."""
    for counted in range(1, 8):
        quorum = 2 * counted // 3 + 1
        for missing in range(counted - quorum + 1):
            histories = ["gab"] * quorum + ["gax"] * (counted - quorum)
            voters = histories[missing : missing + quorum]
            base, _ = chosen(*voters, quorum=quorum, counted=counted)
            assert base == "gab"


# -- the check -----------------------------------------------------------------------------------------------------------------


def votes(*histories: str) -> list[HandoverVote]:
    return [ballot(org, history).signed.vote for org, history in zip("abcdefg", histories, strict=False)]


def verify(base: str, cast: Sequence[HandoverVote], *proofs: Contradiction, quorum: int = 3, counted: int = 4) -> None:
    tree = History(base).tree
    verify_base(cast, proofs, size=tree.size, root_at=tree.root, quorum=quorum, counted=counted)


def contradiction(shorter: tuple[str, str], longer: tuple[str, str]) -> Contradiction:
    small, large = History(shorter[1]).tree, History(longer[1]).tree
    proof = tuple(large.consistency_proof(small.size, large.size))
    return Contradiction(shorter=shorter[0], longer=longer[0], root=large.root(small.size), proof=proof)


def test_the_highest_vote_of_one_history_is_good() -> None:
    verify("gabc", votes("gabc", "g", "gab"))


def test_a_base_below_a_vote_is_refused() -> None:
    with pytest.raises(HandoverRefused):
        verify("gab", votes("gabc", "gab", "gab"))
    with pytest.raises(HandoverRefused):
        verify("g", votes("gabc", "gabc", "gabc"))


def test_a_base_beside_the_votes_is_refused() -> None:
    with pytest.raises(HandoverRefused):
        verify("gax", votes("gab", "ga", "ga"))


def test_a_vote_may_be_passed_over_only_when_it_contradicts_another() -> None:
    verify("gab", votes("gab", "gab", "gax"))  # equal sizes: the base itself shows it
    verify("gab", votes("gab", "ga", "gx"))
    cast = votes("gab", "gab", "gxyz")
    with pytest.raises(HandoverRefused):
        verify("gab", cast)
    verify("gab", cast, contradiction(("a", "gab"), ("c", "gxyz")))


def test_enough_votes_may_never_be_passed_over() -> None:
    with pytest.raises(HandoverRefused):
        verify("gab", votes("gab", "gax", "gay"))


@pytest.mark.parametrize("change", ["root", "proof", "shorter", "longer"])
def test_a_false_contradiction_does_not_count(change: str) -> None:
    cast = votes("gab", "gab", "gxyz")
    good = contradiction(("a", "gab"), ("c", "gxyz"))
    fields = {"root": cast[0].root, "proof": (bytes(32), *good.proof[1:]), "shorter": "b", "longer": "b"}
    bad = Contradiction(**{**good.to_map(), "proof": good.proof, change: fields[change]})
    if change == "shorter":  # b holds what a holds: just as good
        verify("gab", cast, bad)
        return
    with pytest.raises(HandoverRefused):
        verify("gab", cast, bad)


def test_a_longer_vote_of_the_same_history_is_no_contradiction() -> None:
    cast = votes("gab", "gab", "gabc")
    longer = History("gabc").tree
    forged = Contradiction(
        shorter="a", longer="c", root=hashlib.sha256(b"x").digest(), proof=tuple(longer.consistency_proof(3, 4))
    )
    for proof in (forged, contradiction(("a", "gab"), ("c", "gabc"))):
        with pytest.raises(HandoverRefused):
            verify("gab", cast, proof)
