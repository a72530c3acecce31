"""Which role a party plays for each protocol that is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from atoll.protocols import psi_ecdh, psi_multi, psi_rr22
from atoll.protocols.psi import Items
from atoll.protocols.psi.limits import Limits
from atoll.protocols.role import Party, Role
from atoll.sources import SourceRows


@dataclass(frozen=True, slots=True)
class Opened:
    """One party's table, read."""

    items: Items
    table: SourceRows


def make_role(
    order: dict[str, Any],
    opened: Opened,
    places: Sequence[Party],
    me: Party,
    context: bytes,
    seed: bytes,
    resume: bytes | None,
) -> Role[Any]:
    """The role of `me` for an order's protocol."""
    receiver, *owners = places
    run = {"me": me, "context": context, "seed": seed, "resume": resume}
    items, cap = opened.items, int(order["rows_cap"])
    match order["protocol"]:
        case "ecdh":
            limits = psi_ecdh.Limits(own_items=cap, peer_items=cap)
            if me == receiver:
                return psi_ecdh.receiver(items, sender=owners[0], limits=limits, **run)
            return psi_ecdh.sender(items, receiver=receiver, limits=limits, **run)
        case "rr22":
            how = {"mode": order.get("mode", "semi-honest"), "variant": order.get("variant", "fast")}
            rr22 = Limits(own_items=cap, peer_items=cap)
            if me == receiver:
                return psi_rr22.receiver(items, sender=owners[0], limits=rr22, **how, **run)
            return psi_rr22.sender(items, receiver=receiver, limits=rr22, **how, **run)
        case "multi":
            multi = psi_multi.Limits(rows=dict.fromkeys(places, cap))
            if me == receiver:
                return psi_multi.receiver(items, owners=owners, limits=multi, **run)
            return psi_multi.owner(items, owners=owners, receiver=receiver, limits=multi, **run)
        case other:
            raise ValueError(f"no protocol {other!r} is measured")
