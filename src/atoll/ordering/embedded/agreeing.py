"""What becomes durable when a point is agreed: the state it leads to, the quorum's note, and that of the last members who
counted."""

from __future__ import annotations

from dataclasses import dataclass

from atoll.ledger.agreement import Agreement
from atoll.ledger.chain import Ledger
from atoll.ledger.genesis import first_state
from atoll.ordering.embedded.opening import AgreedPoint
from atoll.ordering.embedded.points import Point
from atoll.ordering.embedded.store import Store
from atoll.ordering.embedded.vows import AGREED
from atoll.primitives.smt import Tree
from atoll.wire.message import encode_message


@dataclass(frozen=True, slots=True)
class Step:
    """From one agreed point to the next."""

    last: Point
    """What was agreed so far."""
    point: Point
    """What is agreed now."""
    agreement: Agreement
    """The quorum's word: for this point, or for a larger log."""
    proof: tuple[bytes, ...]
    """That the larger log begins with this one; empty where the quorum stands for this one."""
    reached: list[Point]
    """The points above the last one, up to this one."""
    tree: Tree
    """The state after this point."""


def write_agreement(store: Store, ledger: Ledger, step: Step) -> None:
    """Write it down; for use inside `Store.write`."""
    last, point = step.last, step.point
    changes = first_state(ledger.genesis, ledger.genesis_digest) if last.height == 0 and point.height > 0 else {}
    for one in step.reached:
        changes |= one.executed.changes if one.executed is not None else {}
    authority = point.after if step.proof else point.authority
    written = AgreedPoint(height=point.height, note=step.agreement.note.encode(), proof=step.proof, authority=authority)
    store.put_records(changes.items())
    store.tidy_records(len(changes), step.tree)
    store.put_vow(AGREED, encode_message(written))
    store.drop_notes_below(point.height)
    if last.agreement is not None and last.authority != point.authority:
        store.put_epoch(last.height, last.agreement.note.encode())
