"""A receiver and some owners around a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from atoll.protocols import psi_multi
from atoll.protocols.psi import Items, MemoryItems
from atoll.protocols.pump import Pumped, Tamper, pump
from atoll.protocols.role import Party, Role

RECEIVER = Party("receiver")
CONTEXT = bytes(range(32))


def owners_of(count: int) -> list[Party]:
    """The places of so many owners."""
    return [Party("owner", index) for index in range(count)]


def roles(
    sets: Sequence[list[bytes | None] | list[bytes] | Items],
    *,
    context: bytes = CONTEXT,
    seed: int = 1,
    cap: int = 1_000_000,
    caps: dict[Party, int] | None = None,
    resume: Mapping[Party, bytes] | None = None,
) -> dict[Party, Role[Any]]:
    """A role for each set, the receiver's first."""
    owners = owners_of(len(sets) - 1)
    items = [MemoryItems(one) if isinstance(one, list) else one for one in sets]
    limits = psi_multi.Limits(rows=dict.fromkeys((RECEIVER, *owners), cap) | (caps or {}))
    state = resume or {}

    def common(place: Party) -> dict[str, Any]:
        drawn = bytes([seed, *str(place).encode()]).ljust(32, b"s")
        return {"me": place, "owners": owners, "context": context, "seed": drawn, "limits": limits, "resume": state.get(place)}

    made: dict[Party, Role[Any]] = {RECEIVER: psi_multi.receiver(items[0], **common(RECEIVER))}
    for place, one in zip(owners, items[1:], strict=True):
        made[place] = psi_multi.owner(one, receiver=RECEIVER, **common(place))
    return made


def run(sets: Sequence[list[bytes | None] | list[bytes] | Items], *, tamper: Tamper | None = None, **changes: Any) -> Pumped:
    """All of them to the end."""
    return pump(roles(sets, **changes), tamper=tamper)


def rows_of(ran: Pumped) -> list[int]:
    """The receiver's matched rows."""
    return [int(row) for row in np.frombuffer(ran[RECEIVER].rows, "<u4")]


def names(*numbers: int) -> list[bytes]:
    """Keys by number."""
    return [b"key %d" % number for number in numbers]
