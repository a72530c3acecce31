"""Why a member may leave its tail for another branch, and what that leaves behind.

Nothing that this member stood for (it cosigned it, or wrote down that it signs it) is given up but for

    an agreed note     that is of the branch and not of the tail: a quorum stands for something else
    a later term       which the branch ends in, and each hand-over on the branch went on from where it must (`need_base`)

An earlier term, or the same one, is no reason: what is newer was begun with the word of q members who stand for nothing older.

Two agreed histories therefore need 2q - n liars, or a sequencer that signs two histories and a voter that lies for it. Say q
members cosigned a block, and a later term begins without it. Its q votes are of at least 2q - n of those; one of them, if it is
honest, had cosigned before it voted, had not left the block since (by the rule above: each hand-over before this one has the
block below it), and so its vote is for the block or more, in its term or a later one. The votes for the newest term say where
to go on (`ballots`), so the block is below the new term after all.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from atoll.ledger.agreement import verify_agreement
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.note import Note
from atoll.ordering.embedded.ballots import Departure
from atoll.ordering.embedded.branch import Branch
from atoll.ordering.embedded.points import Point, begins_term, need_base, needed_departures
from atoll.ordering.embedded.vows import Vows
from atoll.ordering.errors import ForkDetected
from atoll.primitives.merkle import MerkleTree


def need_reason(
    tail: Sequence[Point],
    branch: Branch,
    *,
    vows: Vows,
    chain_id: str,
    agreed: Note | None,
    agreed_height: int,
    departures: tuple[Departure, ...],
) -> list[int]:
    """Why the tail may be left.

    Args:
        tail: this member's points above the branch's base, in order.
        branch: what it would follow.
        vows: what it has promised.
        chain_id: the ledger.
        agreed: a note that may vouch for the branch.
        agreed_height: up to where this member knows of a quorum.
        departures: proofs for the hand-overs on the branch.

    Returns:
        The terms in which it stood for what is lost: it may cosign nothing more in them.

    Raises:
        ForkDetected: there is no reason.
        HandoverRefused: a hand-over on the branch may lose an acknowledged block.
        QuorumError, UntrustedNoteError, NoteSignatureError: the note does not hold.
    """
    here, there = {point.checkpoint for point in tail}, {point.checkpoint for point in branch.points}
    lost = [point for point in tail if point.checkpoint not in there]
    stood = [point for point in lost if vows.is_cosigned(point) or vows.is_signing(point)]
    if not stood and all(point.note is None for point in lost):
        return []
    found = [point for point in branch.points if point.checkpoint not in here]
    if not (agreed is not None and _is_agreed(found, agreed, chain_id)):
        if branch.tip.after.term <= tail[-1].after.term:
            raise ForkDetected(size=lost[0].checkpoint.size)
        for one, below in branch.handovers():
            need_base(one, below, branch.ledger.log, departures, is_agreed=below.height <= agreed_height)
    return sorted({point.authority.term for point in stood})


def _is_agreed(found: Sequence[Point], note: Note, chain_id: str) -> bool:
    """Whether a quorum stands for one of these points; a note of another size says nothing.

    Raises:
        QuorumError, UntrustedNoteError, NoteSignatureError: the note does not hold.
        ForkDetected: it is of another root.
    """
    size = parse_checkpoint(note.text).size
    point = next((one for one in found if one.checkpoint.size == size), None)
    if point is None:
        return False
    if verify_agreement(note, chain_id=chain_id, consensus=point.authority).checkpoint != point.checkpoint:
        raise ForkDetected(size=size)
    return True


def need_bases(points: Sequence[Point], log: MerkleTree, departures: tuple[Departure, ...], *, agreed_height: int) -> None:
    """Check every hand-over among these points, each of which follows on the one before.

    Raises:
        HandoverRefused: one may lose an acknowledged block.
    """
    for below, one in itertools.pairwise(points):
        if begins_term(one, below):
            need_base(one, below, log, departures, is_agreed=below.height <= agreed_height)


def departures_within(points: Sequence[Point], departures: Sequence[Departure]) -> tuple[Departure, ...]:
    """Those of the proofs that hold, and that a hand-over among these points needs; each once."""
    needed: list[Departure] = []
    for below, one in itertools.pairwise(points):
        if begins_term(one, below):
            needed += [proof for proof in needed_departures(one, below, departures) if proof not in needed]
    return tuple(needed)
