"""What this member must never contradict, whatever happens to its process: written down before it is said.

signing/TERM/SIZE     root of a checkpoint that this sequencer signs
cosigned/TERM/SIZE    root of a checkpoint that this member cosigns
promise               its last vote: from then on it stands for nothing of an older term
tainted/TERM          it cosigned a branch of this term that a quorum did not follow; it cosigns nothing more in it
agreed                the newest agreed point
contradictions        proofs that belong to a hand-over above it
"""

from __future__ import annotations

from atoll.ledger.rules.consensus import HandoverVote, SignedVote
from atoll.ordering.embedded.ballots import Departure, Departures
from atoll.ordering.embedded.points import Point
from atoll.ordering.embedded.store import Store
from atoll.ordering.errors import ForkDetected, TermRefused
from atoll.wire.message import encode_message, parse_message

AGREED = "agreed"
_PROMISE = "promise"
_DEPARTURES = "departures"


class Vows:
    """Reads and checks; `keep_...` are for use inside `Store.write`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        written = store.vow(_PROMISE)
        self.vote: SignedVote | None = None if written is None else parse_message(written, SignedVote)

    @property
    def promise(self) -> HandoverVote | None:
        """The last vote."""
        return None if self.vote is None else self.vote.vote

    def keep_vote(self, vote: SignedVote) -> None:
        """Write down a vote before it is sent."""
        self._store.put_vow(_PROMISE, encode_message(vote))
        self.vote = vote

    def keep_departures(self, departures: tuple[Departure, ...]) -> None:
        """Proofs for those who ask why a hand-over went on from where it did."""
        self._store.put_vow(_DEPARTURES, encode_message(Departures(departures=departures)))

    def departures(self) -> tuple[Departure, ...]:
        """What was kept last."""
        written = self._store.vow(_DEPARTURES)
        return () if written is None else parse_message(written, Departures).departures

    # -- signing, by the sequencer ---------------------------------------------------------------------------------------------

    def need_signable(self, point: Point) -> bool:
        """Whether the size is yet to be written down.

        Raises:
            ForkDetected: another root was signed for it.
        """
        return self._is_new(_signing(point), point)

    def keep_signing(self, point: Point) -> None:
        """This root will be signed for its size."""
        self._store.put_vow(_signing(point), point.checkpoint.root)

    # -- cosigning -------------------------------------------------------------------------------------------------------------

    def need_cosignable(self, point: Point) -> bool:
        """Whether the cosignature is yet to be written down.

        Raises:
            ForkDetected: another root was cosigned for this size, or another branch in this term.
            TermRefused: this member has voted for a later term, or for another sequencer.
        """
        authority, promise = point.authority, self.promise
        if promise is not None:
            other = authority.term == promise.new_term and authority.sequencer != promise.new_sequencer
            if authority.term < promise.new_term or other:
                raise TermRefused(term=authority.term, promised=promise.new_term, sequencer=promise.new_sequencer)
        if self._store.vow(_tainted(authority.term)) is not None:
            raise ForkDetected(size=point.checkpoint.size)
        return self._is_new(_cosigned(point), point)

    def is_cosigned(self, point: Point) -> bool:
        """Whether this member stands for the point."""
        return self._store.vow(_cosigned(point)) is not None

    def is_free(self, point: Point) -> bool:
        """Whether a vow to cosign the point can be written down; reasons of another kind are not looked at."""
        return self._store.vow(_cosigned(point)) in (None, point.checkpoint.root)

    def keep_cosigned(self, point: Point) -> None:
        """This root is, or will be, cosigned for its size."""
        self._store.put_vow(_cosigned(point), point.checkpoint.root)

    def keep_tainted(self, term: int) -> None:
        """Cosign nothing more in this term."""
        self._store.put_vow(_tainted(term), b"tainted")

    def drop(self, points: list[Point]) -> None:
        """Forget what is below the agreed point: nothing there can be asked for again."""
        self._store.drop_vows([name for point in points for name in (_signing(point), _cosigned(point))])

    def _is_new(self, name: str, point: Point) -> bool:
        written = self._store.vow(name)
        if written is not None and written != point.checkpoint.root:
            raise ForkDetected(size=point.checkpoint.size)
        return written is None


def _signing(point: Point) -> str:
    return f"signing/{point.authority.term:010d}/{point.checkpoint.size:019d}"


def _cosigned(point: Point) -> str:
    return f"cosigned/{point.authority.term:010d}/{point.checkpoint.size:019d}"


def _tainted(term: int) -> str:
    return f"tainted/{term:010d}"
