"""What this member must never contradict, whatever happens to its process: written down before it is said.

signing/TERM/SIZE     root of a checkpoint that this sequencer signs
cosigned/TERM/SIZE    root of a checkpoint that this member cosigns
promise               its last vote: from then on it stands for nothing of an older term
tainted/TERM          it stood for a branch of this term that it has left; it cosigns nothing more in it
agreed                the newest agreed point
departures            proofs that belong to a hand-over above it
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
_SIGNING = "signing/{:010d}/"


class Vows:
    """Reads and checks; `keep_...` are for use inside `Store.write`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        written = store.vow(_PROMISE)
        self.vote: SignedVote | None = None if written is None else parse_message(written, SignedVote)
        """The last vote that is durable."""

    @property
    def promise(self) -> HandoverVote | None:
        """The last vote."""
        return None if self.vote is None else self.vote.vote

    def keep_vote(self, vote: SignedVote) -> None:
        """Write down a vote before it is sent; `hold_vote` once that is durable."""
        self._store.put_vow(_PROMISE, encode_message(vote))

    def hold_vote(self, vote: SignedVote) -> None:
        """The vote is durable: from now on it binds, and may be sent."""
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
            TermRefused: this member has voted for a later term, or for another sequencer, and has not signed it before.
        """
        is_new = self._is_new(_signing(point), point)
        if is_new:
            self._need_unpromised(point)
        return is_new

    def is_signing(self, point: Point) -> bool:
        """Whether this sequencer has signed the point, or is about to."""
        return self._store.vow(_signing(point)) == point.checkpoint.root

    def is_begun(self, term: int) -> bool:
        """Whether this member has signed anything as the sequencer of this term, or was about to."""
        return bool(self._store.vows(_SIGNING.format(term)))

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
        self._need_unpromised(point)
        if self._store.vow(_tainted(point.authority.term)) is not None:
            raise ForkDetected(size=point.checkpoint.size)
        return self._is_new(_cosigned(point), point)

    def is_cosigned(self, point: Point) -> bool:
        """Whether this member has cosigned the point, or is about to."""
        return self._store.vow(_cosigned(point)) == point.checkpoint.root

    def is_cosignable(self, point: Point) -> bool:
        """Whether no other vow forbids to cosign the point."""
        try:
            self.need_cosignable(point)
        except (ForkDetected, TermRefused):
            return False
        return True

    def keep_cosigned(self, point: Point) -> None:
        """This root is, or will be, cosigned for its size."""
        self._store.put_vow(_cosigned(point), point.checkpoint.root)

    def keep_tainted(self, term: int) -> None:
        """Cosign nothing more in this term."""
        self._store.put_vow(_tainted(term), b"tainted")

    def drop(self, points: list[Point]) -> None:
        """Forget what is below the agreed point: nothing there can be asked for again."""
        self._store.drop_vows([name for point in points for name in (_signing(point), _cosigned(point))])

    def _need_unpromised(self, point: Point) -> None:
        authority, promise = point.authority, self.promise
        if promise is not None:
            other = authority.term == promise.new_term and authority.sequencer != promise.new_sequencer
            if authority.term < promise.new_term or other:
                raise TermRefused(term=authority.term, promised=promise.new_term, sequencer=promise.new_sequencer)

    def _is_new(self, name: str, point: Point) -> bool:
        written = self._store.vow(name)
        if written is not None and written != point.checkpoint.root:
            raise ForkDetected(size=point.checkpoint.size)
        return written is None


def _signing(point: Point) -> str:
    return f"{_SIGNING.format(point.authority.term)}{point.checkpoint.size:019d}"


def _cosigned(point: Point) -> str:
    return f"cosigned/{point.authority.term:010d}/{point.checkpoint.size:019d}"


def _tainted(term: int) -> str:
    return f"tainted/{term:010d}"
