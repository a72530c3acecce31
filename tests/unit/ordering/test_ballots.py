"""From which block a new term goes on: chosen by the candidate, checked by everybody who cosigns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from atoll.ledger.agreement import log_key
from atoll.ledger.block import BlockSummary
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.note import Note, sign_text
from atoll.ledger.rules.consensus import HandoverVote
from atoll.ordering.embedded.ballots import Departure, Ground, Mark, choose_base, find_departures, make_departure, verify_base
from atoll.ordering.errors import HandoverRefused
from atoll.primitives.merkle import MerkleTree, leaf_hash
from atoll.testing.consortium import Founding
from atoll.trust.keys import Purpose, SecretKey
from atoll.wire.message import encode_message

CHAIN = "atoll.example/lagoon"
LOG, OTHER_LOG = (Founding(("operator", "bank")).keys[org][Purpose.LOG] for org in ("operator", "bank"))


class History:
    """A log whose blocks are letters; histories of one prefix share their first blocks. `g` is the genesis; a digit begins that
    term."""

    def __init__(self, blocks: str) -> None:
        self.tree = MerkleTree()
        self.marks: list[Mark] = []
        self.summaries: list[bytes] = []
        term = 1
        for height, letter in enumerate(blocks):
            term = int(letter) if letter.isdigit() else term
            summary = BlockSummary(
                height=height, term=term, time=height, first=self.tree.size, outcomes=b"", state_root=letter.encode() * 32
            )
            self.summaries.append(encode_message(summary))
            self.tree.extend([leaf_hash(letter.encode()), leaf_hash(self.summaries[-1])])
            self.marks.append(Mark(term=term, height=height, size=self.tree.size, root=self.tree.root()))


def chosen(*histories: str, agreed: str = "g", quorum: int = 3, counted: int = 4) -> str:
    """What is chosen when voters a, b, c, ... have these histories."""
    trails = {org: History(history).marks[len(agreed) :] for org, history in zip("abcdefg", histories, strict=False)}
    base = choose_base(trails, History(agreed).marks[-1], quorum=quorum, counted=counted)
    for history in (*histories, agreed):
        if base.mark in History(history).marks:
            return history[: base.mark.height + 1]
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
    assert chosen(*histories) == expected


CONTRADICTING = [
    (("gab", "gab", "gax"), 3, 4, "gab"),  # two of three have b, and 2q - n = 2
    (("gab", "gax", "gay"), 3, 4, "ga"),  # all share a
    (("gb", "gx", "gy"), 3, 4, "g"),  # nothing but the genesis
    (("gab", "gab", "gab", "gaxyz", "gaxyz"), 5, 7, "gab"),  # 2q - n = 3 beats a higher branch of two
    (("gabc", "gabd", "gx", "gx", "gx"), 5, 7, "gx"),
    (("gabc", "gabd", "gab", "gx", "gx"), 5, 7, "gab"),
]


@pytest.mark.parametrize(("histories", "quorum", "counted", "expected"), CONTRADICTING)
def test_votes_that_contradict_lead_to_the_highest_block_that_enough_have(
    histories: tuple[str, ...], quorum: int, counted: int, expected: str
) -> None:
    assert chosen(*histories, quorum=quorum, counted=counted) == expected


def test_nothing_agreed_is_in_question() -> None:
    assert chosen("ga", "ga", "g", agreed="ga") == "ga"
    assert chosen("gab", "ga", "g", agreed="ga") == "gab"


def test_an_acknowledged_block_is_always_kept() -> None:
    """Whichever q of n vote, all of them honest, for small n: q have a block, the rest another history."""
    for counted in range(1, 8):
        quorum = 2 * counted // 3 + 1
        for missing in range(counted - quorum + 1):
            histories = ["gab"] * quorum + ["gax"] * (counted - quorum)
            voters = histories[missing : missing + quorum]
            base = chosen(*voters, quorum=quorum, counted=counted)
            assert base == "gab"
            verify(base, *voters, quorum=quorum, counted=counted)


# -- the check -----------------------------------------------------------------------------------------------------------------


def vote(org: str, history: str, **changes: Any) -> HandoverVote:
    mark = History(history).marks[-1]
    said = HandoverVote(
        genesis_digest=bytes(32),
        org=org,
        new_term=9,
        new_sequencer="bank",
        height=mark.height,
        size=mark.size,
        root=mark.root,
        term=mark.term,
    )
    return replace(said, **changes)


def note(history: str, *, key: SecretKey = LOG) -> bytes:
    """The checkpoint of a history's end, signed by the sequencer, or by somebody else."""
    tree = History(history).tree
    said = Checkpoint(origin=CHAIN, size=tree.size, root=tree.root()).encode()
    return Note(said, (sign_text(said, log_key(CHAIN, key.public.data), key.sign),)).encode()


def departure(org: str, history: str, base: str) -> Departure:
    whole, height = History(history), len(base) - 1
    return make_departure(
        org,
        whole.tree,
        below_size=History(base).marks[-1].size,
        summary=whole.summaries[height + 1],
        size=whole.marks[height + 1].size,
        vote_size=whole.tree.size,
        note=note(history),
    )


def verify(
    base: str,
    *histories: str,
    departures: Sequence[Departure] | None = None,
    quorum: int = 3,
    counted: int = 4,
    is_agreed: bool = False,
    is_first: bool = False,
    lies: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
) -> None:
    voters = dict(zip("abcdefg", histories, strict=False))
    here = History(base)
    if departures is None:
        departures = [departure(org, history, base) for org, history in voters.items() if len(history) > len(base)]
    votes = [vote(org, history, **lies.get(org, {})) for org, history in voters.items()]
    verify_base(
        votes,
        find_departures(votes, departures, Ground(here.marks[-1], CHAIN, (LOG.public.data,))),
        base=here.marks[-1],
        root_at=here.tree.root,
        is_agreed=is_agreed,
        is_first=is_first,
        quorum=quorum,
        counted=counted,
    )


def test_the_highest_vote_of_one_history_is_good() -> None:
    verify("gabc", "gabc", "g", "gab")


@pytest.mark.parametrize(("histories", "quorum", "counted", "expected"), CONTRADICTING)
def test_what_is_chosen_is_found_good(histories: tuple[str, ...], quorum: int, counted: int, expected: str) -> None:
    verify(expected, *histories, quorum=quorum, counted=counted, is_agreed=expected == "g")


@pytest.mark.parametrize(("histories", "quorum", "counted", "expected"), CONTRADICTING)
def test_nothing_lower_is_found_good(histories: tuple[str, ...], quorum: int, counted: int, expected: str) -> None:
    for height in range(1, len(expected)):
        with pytest.raises(HandoverRefused):
            verify(expected[:height], *histories, quorum=quorum, counted=counted, is_agreed=True)


def test_a_base_below_a_vote_that_contradicts_nobody_is_refused() -> None:
    for base in ("gab", "ga", "g"):
        with pytest.raises(HandoverRefused):
            verify(base, "gabc", "gab", "gab", is_agreed=True)
        with pytest.raises(HandoverRefused):
            verify(base, "gabc", "gab", "gab", departures=[], is_agreed=True)


def test_a_base_that_nobody_voted_for_is_refused_unless_it_is_agreed() -> None:
    with pytest.raises(HandoverRefused):
        verify("gabx", "ga", "ga", "ga")
    with pytest.raises(HandoverRefused):
        verify("gaxyz", "gab", "gab", "gab")
    verify("gab", "ga", "ga", "ga", is_agreed=True)


def test_a_higher_vote_is_passed_over_only_with_its_departure() -> None:
    verify("gab", "gab", "gab", "gaxyz")
    with pytest.raises(HandoverRefused):
        verify("gab", "gab", "gab", "gaxyz", departures=[])


def test_a_block_that_enough_have_may_never_be_passed_over() -> None:
    with pytest.raises(HandoverRefused):
        verify("ga", "gabc", "gabd", "gax", is_agreed=True)


@pytest.mark.parametrize(
    "lie",
    [
        {"below": bytes(32)},
        {"root": bytes(32)},
        {"size": 6},
        {"summary": History("gaxyz").summaries[2]},
        {"summary": History("gabq").summaries[3]},
        {"below_proof": ()},
        {"consistency": ()},
        {"inclusion": (bytes(32),)},
        {"voter": "b"},
        {"note": note("gaxyz", key=OTHER_LOG)},
        {"note": note("gaxy")},
    ],
)
def test_a_departure_that_lies_does_not_count(lie: dict[str, object]) -> None:
    good = departure("c", "gaxyz", "gab")
    verify("gab", "gab", "gab", "gaxyz", departures=[good])
    with pytest.raises(HandoverRefused):
        verify("gab", "gab", "gab", "gaxyz", departures=[replace(good, **lie)])  # type: ignore[arg-type]


# -- several terms -------------------------------------------------------------------------------------------------------------

LATER = [
    (("g2", "gabc", "gab"), 3, 4, "g2"),  # however high what an older term has
    (("g2", "g2", "gabc", "gabc", "gabc"), 5, 7, "g2"),  # however many have it: term 2 began with q who stand for nothing of it
    (("g2ab", "g2a", "ga3", "gabcdef"), 3, 4, "ga3"),
    (("g2a", "g2", "ga"), 3, 4, "g2a"),
    (("g2ab", "g2ab", "g2ax", "gabcd", "gabcd"), 5, 7, "g2a"),  # within a term 2q - n votes count
]


@pytest.mark.parametrize(("histories", "quorum", "counted", "expected"), LATER)
def test_votes_for_the_newest_term_decide_and_are_found_good(
    histories: tuple[str, ...], quorum: int, counted: int, expected: str
) -> None:
    assert chosen(*histories, quorum=quorum, counted=counted) == expected
    verify(expected, *histories, quorum=quorum, counted=counted)


def test_a_base_of_an_older_term_than_a_vote_is_refused() -> None:
    for base in ("gabc", "g"):
        with pytest.raises(HandoverRefused):
            verify(base, "g2", "gabc", "gabc", is_agreed=True)


def test_a_term_that_was_begun_and_that_nobody_votes_for_is_gone_on_from_at_its_first_block_only() -> None:
    verify("ga2", "gab", "ga", "g", is_first=True)
    with pytest.raises(HandoverRefused):
        verify("ga2b", "gab", "ga", "g")
    with pytest.raises(HandoverRefused):
        verify("ga2", "ga3", "ga", "g", is_first=True)


def test_of_two_beginnings_that_too_few_stand_for_either_is_good() -> None:
    histories = ("g2", "g2", "ga2", "g", "ga")
    assert chosen(*histories, quorum=5, counted=7) == "g2"
    for base in ("g2", "ga2"):
        verify(base, *histories, quorum=5, counted=7, is_first=True)
        with pytest.raises(HandoverRefused):
            verify(base, *histories, quorum=5, counted=7)


def test_a_beginning_is_not_passed_over_for_another_if_enough_stand_for_it_or_for_more() -> None:
    with pytest.raises(HandoverRefused):
        verify("ga2", "g2", "g2", "g2", "ga2", "g", quorum=5, counted=7, is_first=True)
    with pytest.raises(HandoverRefused):
        verify("ga2", "g2", "g2xy", "g2xy", "ga2", "g", quorum=5, counted=7, is_first=True)


def test_a_contradiction_that_the_sequencer_did_not_sign_is_none() -> None:
    """A candidate's own vote for what it made up itself takes no acknowledged block away."""
    histories = ("gab", "gab", "gax", "g", "g")  # two honest voters have b, which five may have cosigned; c makes up x
    good = [departure(org, history, "ga") for org, history in zip("abc", histories, strict=False)]
    made_up = replace(good[2], note=note("gax", key=OTHER_LOG))
    verify("ga", *histories, departures=good, quorum=5, counted=7)
    with pytest.raises(HandoverRefused):
        verify("ga", *histories, departures=[*good[:2], made_up], quorum=5, counted=7)
