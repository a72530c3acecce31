"""Orders of a regulator: freeze, lift a freeze, recall; by two persons of it, on one thing, at once (SECURITY 3.7).

Both persons sign the same bytes, each with a key that no node has, for this chain and genesis. Whoever hands them in adds
nothing to them, so any member may: a regulator whose own node is down, or kept from the sequencer, is not silenced. What an
order then stops is found by walking up to it (`atoll.ledger.rules.holds`), so it acts in the same block on everything that
rests on its target.

A regulator can freeze any member but a regulator: two of them could lock each other out for good.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from atoll.errors import AtollError
from atoll.ledger.records import (
    MOST_ORDERS,
    Authority,
    Dataset,
    Grant,
    Hold,
    Member,
    Order,
    OrderAction,
    OrderState,
    Right,
    TargetKind,
    hold_id,
    ties,
)
from atoll.ledger.records.orders import OrderId
from atoll.ledger.rules.approver import Signed, need_in_time, read_hand
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import NotAllowed, OneHandOnly, WrongState
from atoll.ledger.rules.right import end_right, lift_freeze, set_freeze
from atoll.trust.envelope import Context, parse_envelope
from atoll.trust.roles import Role
from atoll.wire.message import Digest, Message, Name, Size, Time, parse_message

HANDS = 2
"""Persons that an order takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBody(Message):
    """What two persons sign, byte for byte the same."""

    TAG: ClassVar[str] = "order-body/1"

    order: OrderId
    """Random; good for one order, ever."""
    regulator: Name
    """The organisation whose persons sign."""
    action: OrderAction
    """What it does."""
    target_kind: TargetKind
    """What kind of thing it hits."""
    target: Annotated[str, Size(1, 120)]
    """Which: owner/name/version, owner/name, 32 digits, or a member's name."""
    lifts: Annotated[bytes, Size(0, 16)] = b""
    """For an unfreeze: the freeze that it lifts."""
    reason_commitment: Digest
    """Salted commitment to the reason."""
    not_after: Time
    """Last second at which it may be carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeOrder(Message):
    """Two persons of a regulator stop a use until further notice."""

    TAG: ClassVar[str] = "order.freeze/1"

    signed: Annotated[tuple[Signed, ...], Size(1, HANDS)]
    """Envelopes over one `OrderBody`, context `order`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfreezeOrder(Message):
    """Two persons of the same regulator lift one freeze."""

    TAG: ClassVar[str] = "order.unfreeze/1"

    signed: Annotated[tuple[Signed, ...], Size(1, HANDS)]
    """Envelopes over one `OrderBody`, context `order`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallOrder(Message):
    """Two persons of a regulator end a use for good, results included."""

    TAG: ClassVar[str] = "order.recall/1"

    signed: Annotated[tuple[Signed, ...], Size(1, HANDS)]
    """Envelopes over one `OrderBody`, context `order`."""


ORDERS: dict[OrderAction, type[FreezeOrder | UnfreezeOrder | RecallOrder]] = {
    OrderAction.FREEZE: FreezeOrder,
    OrderAction.UNFREEZE: UnfreezeOrder,
    OrderAction.RECALL: RecallOrder,
}
"""The transaction of each action."""


def freeze(call: Call, body: FreezeOrder) -> None:
    """Everything that rests on the target stops with this block."""
    order = _read(call, body.signed, OrderAction.FREEZE)
    _need_target(call, order)
    hold = _hold(call, order)
    if len(hold.freezes) >= MOST_ORDERS:
        raise NotAllowed(org=order.regulator, reason=f"{order.target} is frozen {MOST_ORDERS} times over")
    if order.target_kind is TargetKind.RIGHT and not hold.freezes:
        set_freeze(call, call.need(Right, order.target), Authority.ORDER)
    _write(call, order, body.signed, replace(hold, freezes=tuple(sorted((*hold.freezes, order.order)))))


def unfreeze(call: Call, body: UnfreezeOrder) -> None:
    """Only the regulator that froze, and only that freeze."""
    order = _read(call, body.signed, OrderAction.UNFREEZE)
    lifted = call.need(Order, order.lifts.hex())
    if lifted.action is not OrderAction.FREEZE or lifted.state is not OrderState.IN_FORCE:
        raise WrongState(what="order", name=order.lifts.hex(), state=lifted.state, needed="a freeze in force")
    if lifted.regulator != order.regulator:
        raise NotAllowed(org=order.regulator, reason=f"only {lifted.regulator} can lift its freeze")
    if (lifted.target_kind, lifted.target) != (order.target_kind, order.target):
        raise NotAllowed(org=order.regulator, reason=f"that freeze is on {lifted.target_kind} {lifted.target}")
    call.state.put(replace(lifted, state=OrderState.LIFTED))
    hold = _hold(call, order)
    kept = tuple(one for one in hold.freezes if one != order.lifts)
    if order.target_kind is TargetKind.RIGHT and not kept and not hold.recall:
        lift_freeze(call, call.need(Right, order.target), Authority.ORDER)
    _write(call, order, body.signed, replace(hold, freezes=kept))


def recall(call: Call, body: RecallOrder) -> None:
    """For good; what was frozen can still be recalled."""
    order = _read(call, body.signed, OrderAction.RECALL)
    _need_target(call, order)
    hold = _hold(call, order)
    if hold.recall:
        raise WrongState(what=order.target_kind, name=order.target, state="recalled", needed="one that was not")
    if order.target_kind is TargetKind.RIGHT:
        end_right(call, call.need(Right, order.target))
    _write(call, order, body.signed, replace(hold, recall=order.order))


def _read(call: Call, signed: tuple[bytes, ...], action: OrderAction) -> OrderBody:
    """The order, if two different approvers in force of one regulator signed it, in time, and never before."""
    try:
        order = parse_message(parse_envelope(signed[0]).payload, OrderBody)
    except AtollError as err:
        raise OneHandOnly(org="a regulator", reason="the order cannot be read") from err
    if Role.REGULATOR not in call.active_member(order.regulator).roles:
        raise NotAllowed(org=order.regulator, reason="it lacks the role regulator")
    if order.action is not action:
        raise OneHandOnly(org=order.regulator, reason=f"what was signed is to {order.action}")
    hands = [read_hand(call, one, Context.ORDER, order.regulator) for one in signed]
    flaw = next((one.flaw for one in hands if one.flaw), "")
    if not flaw and len({one.payload for one in hands}) > 1:
        flaw = "they signed different orders"
    if not flaw and len({one.kid for one in hands}) < HANDS:
        flaw = f"{hands[0].kid} alone did"
    if flaw:
        raise OneHandOnly(org=order.regulator, reason=flaw)
    need_in_time(call, "The order", order.not_after)
    call.need_free(Order, order.order.hex())
    return order


def _need_target(call: Call, order: OrderBody) -> None:
    """What the order names is there, and is neither the regulator's own nor that of a member of its group."""
    concerned: set[str] = set()
    match order.target_kind:
        case TargetKind.DATASET:
            concerned = {call.need(Dataset, order.target).owner}
        case TargetKind.LINEAGE:
            concerned = {call.need(Dataset, f"{order.target}/1").owner}
        case TargetKind.GRANT:
            grant = call.need(Grant, order.target)
            concerned = {grant.owner, grant.giver, grant.grantee}
        case TargetKind.MEMBER:
            if Role.REGULATOR in call.need(Member, order.target).roles:
                raise NotAllowed(org=order.regulator, reason=f"{order.target} is a regulator")
            concerned = {order.target}
        case TargetKind.RIGHT:
            concerned = {call.need(Right, order.target).holder}
    own = set(ties(order.regulator, call.state.get(Member, order.regulator)))
    for org in sorted(concerned):
        if own & set(ties(org, call.state.get(Member, org))):
            raise NotAllowed(org=order.regulator, reason=f"it is, or belongs to, {org}, whose {order.target_kind} this is")


def _hold(call: Call, order: OrderBody) -> Hold:
    found = call.state.get(Hold, hold_id(order.target_kind, order.target))
    return found or Hold(target_kind=order.target_kind, target=order.target, freezes=(), recall=b"")


def _write(call: Call, order: OrderBody, signed: tuple[bytes, ...], hold: Hold) -> None:
    call.state.put(hold)
    call.state.put(
        Order(
            order=order.order,
            regulator=order.regulator,
            action=order.action,
            target_kind=order.target_kind,
            target=order.target,
            reason_commitment=order.reason_commitment,
            approvers=tuple(sorted(parse_envelope(one).kid.decode() for one in signed)),
            state=OrderState.DONE if order.action is OrderAction.UNFREEZE else OrderState.IN_FORCE,
            height=call.height,
            time=call.time,
        )
    )
