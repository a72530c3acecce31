"""How the members' key is dealt, in transactions: announce, deal, confirm or complain.

    announcing   members name keys under which shares are sealed to them
    dealing      dealers publish commitments, a proof that they know what they deal, and the sealed shares
    confirming   members say that what they got fits, or show everybody a share that does not
    done         the key stands

A phase ends when everybody has done its part; after a minute anybody of them may close it, and who is missing stays without a
part. The first announcement opens a dealing: for a new key, or to hand the key in force on to the validating members of now,
where they are others or who opens it has no share. A hand-over that would leave a holder behind fails, and the key stays.

Every deal is checked here by everybody, except for the shares, which only their receivers can open. A complaint opens one for
all: it gives away the key under which this one dealer's share was received, and nothing else. At least as many deals as the
threshold count in the end, so that one of them is an honest member's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from atoll.ledger.records import (
    MOST_HOLDERS,
    SEALED_SHARE_BYTES,
    OprfDeal,
    OprfDealing,
    OprfKey,
    OprfPhase,
    OprfReceiver,
    Version,
)
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import AlreadyExists, OprfBadDeal, OprfUnfounded, OprfWrongDealing, TooEarly
from atoll.ledger.rules.oprf_plan import (
    ENDED,
    LOSS_SECONDS,
    PHASE_SECONDS,
    context_of,
    deal_of,
    may_open,
    next_dealing,
    opens_at,
    suffices,
    weights_in,
)
from atoll.primitives.errors import HpkeKeyError, PointError
from atoll.protocols.threshold_oprf import (
    BadDeal,
    WrongShare,
    add_up,
    open_share,
    receiver_key,
    verify_deal,
    verify_receiver_keys,
)
from atoll.wire.message import Digest, Message, Name, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceReceiver(Message):
    """A member names the keys under which it receives its shares; the first one opens the dealing."""

    TAG: ClassVar[str] = "oprf.announce/1"

    number: Version
    """Which dealing: the one that is announcing, or the next."""
    context: Digest
    """What the sender takes it to be (`digest_context`): the keys are in the order of its dealers."""
    keys: Annotated[tuple[Digest, ...], Size(1, MOST_HOLDERS)]
    """X25519 public keys, one a dealer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DealShares(Message):
    """A dealer deals."""

    TAG: ClassVar[str] = "oprf.deal/1"

    number: Version
    """Which dealing."""
    sender_key: Digest
    """X25519 public key that the shares were sealed with."""
    commitments: Annotated[tuple[Digest, ...], Size(1, MOST_HOLDERS)]
    """To the coefficients, the constant term's first; as many as the threshold."""
    proof: Annotated[bytes, Size(64)]
    """That the sender knows the constant term."""
    sealed: Annotated[tuple[Annotated[bytes, Size(0, SEALED_SHARE_BYTES)], ...], Size(1, MOST_HOLDERS)]
    """A share for each member in order; empty for one that announced no keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmShares(Message):
    """A member has checked what it got of every deal that counts, and cannot lose it any more."""

    TAG: ClassVar[str] = "oprf.confirm/1"

    number: Version
    """Which dealing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplainOfShare(Message):
    """A member shows everybody that a dealer dealt it a wrong share."""

    TAG: ClassVar[str] = "oprf.complain/1"

    number: Version
    """Which dealing."""
    dealer: Name
    """Whose share is wrong."""
    material: Digest
    """What the sender's key for shares of this dealer is derived from: with it, anybody opens the share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoseShare(Message):
    """A holder says that its share is lost, so that it may have the key handed on to it."""

    TAG: ClassVar[str] = "oprf.lost/1"

    epoch: Version
    """Of which share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePhase(Message):
    """The phase has lasted long enough; whoever is missing stays out."""

    TAG: ClassVar[str] = "oprf.close/1"

    number: Version
    """Which dealing."""


def announce(call: Call, body: AnnounceReceiver) -> None:
    """Once a member and dealing, while it is announcing; keys to which something can be sealed."""
    dealing = call.state.get(OprfDealing, "0")
    if dealing is None or (dealing.phase in ENDED and body.number == dealing.number + 1):
        dealing = _open(call)
    _need_phase(dealing, body.number, OprfPhase.ANNOUNCING)
    if call.sender not in dealing.members:
        raise OprfWrongDealing(reason=f"{call.sender} is not among its members")
    if call.sender in dealing.announced:
        raise AlreadyExists(what=OprfReceiver.NAMESPACE, name=f"{body.number}/{call.sender}")
    if body.context != context_of(call.chain.genesis_digest, dealing) or len(body.keys) != len(dealing.dealers):
        raise OprfWrongDealing(reason="the sender takes other members, dealers or another threshold for agreed")
    try:
        verify_receiver_keys(body.keys)
    except PointError as err:
        raise OprfWrongDealing(reason=f"nothing can be sealed to its key {err.index}") from err
    call.state.put(OprfReceiver(number=body.number, org=call.sender, keys=body.keys))
    _put_or_go_on(call, replace(dealing, announced=_with(dealing.announced, call.sender)))


def deal(call: Call, body: DealShares) -> None:
    """Once a dealer; what everybody can check of it is checked here."""
    dealing = _need(call, body.number, OprfPhase.DEALING)
    if call.sender not in dealing.dealers:
        raise OprfWrongDealing(reason=f"{call.sender} is not among its dealers")
    if call.sender in dealing.dealt:
        raise AlreadyExists(what=OprfDeal.NAMESPACE, name=f"{body.number}/{call.sender}")
    lengths = tuple(SEALED_SHARE_BYTES if member in dealing.announced else 0 for member in dealing.members)
    if tuple(len(one) for one in body.sealed) != lengths:
        raise OprfBadDeal(org=call.sender, reason="it does not have a share for each member that announced keys")
    old = call.need(OprfKey, "0").share_of(call.sender) if dealing.renews else None
    try:
        verify_deal(
            context_of(call.chain.genesis_digest, dealing),
            call.sender,
            body.commitments,
            body.proof,
            threshold=dealing.threshold,
            old_share=old[1] if old is not None else None,
        )
    except BadDeal as err:
        raise OprfBadDeal(org=call.sender, reason=err.operands["reason"]) from err
    call.state.put(
        OprfDeal(
            number=body.number,
            org=call.sender,
            sender_key=body.sender_key,
            commitments=body.commitments,
            sealed=body.sealed,
        )
    )
    _put_or_go_on(call, replace(dealing, dealt=_with(dealing.dealt, call.sender)))


def confirm(call: Call, body: ConfirmShares) -> None:
    """Once a member that announced its keys; late, as long as no other dealing is under way, it becomes a holder still."""
    dealing, key = call.state.get(OprfDealing, "0"), call.state.get(OprfKey, "0")
    is_late = dealing is not None and dealing.phase is OprfPhase.DONE
    dealing = _need_receiver(call, body.number, OprfPhase.DONE if is_late else OprfPhase.CONFIRMING)
    if call.sender in dealing.confirmed:
        raise AlreadyExists(what="oprf-confirmation", name=f"{body.number}/{call.sender}")
    changed = replace(dealing, confirmed=_with(dealing.confirmed, call.sender))
    if is_late and key is not None:
        call.state.put(replace(key, holders=_with(key.holders, call.sender)))
        call.state.put(changed)
        return
    _put_or_go_on(call, changed)


def complain(call: Call, body: ComplainOfShare) -> None:
    """The share is opened before everybody's eyes; if it is wrong, its dealer's deal counts no more."""
    dealing = _need_receiver(call, body.number)
    if body.dealer not in dealing.dealt:
        raise OprfUnfounded(org=body.dealer, reason="it dealt nothing that counts")
    keys = call.need(OprfReceiver, call.sender).keys
    try:
        is_its_key = receiver_key(body.material) == keys[dealing.dealers.index(body.dealer)]
    except HpkeKeyError:
        is_its_key = False
    if not is_its_key:
        raise OprfUnfounded(org=body.dealer, reason="it does not show the key that the share was sealed to")
    try:
        open_share(
            body.material,
            context_of(call.chain.genesis_digest, dealing),
            dealer=body.dealer,
            member=call.sender,
            place=dealing.members.index(call.sender) + 1,
            dealt=deal_of(call.need(OprfDeal, body.dealer)),
        )
    except WrongShare:
        rest = tuple(one for one in dealing.dealt if one != body.dealer)
        _put_or_go_on(call, replace(dealing, dealt=rest, faulty=_with(dealing.faulty, body.dealer)))
        return
    raise OprfUnfounded(org=body.dealer, reason="the share is the one that was committed to")


def lose(call: Call, body: LoseShare) -> None:
    """A holder, once a day at most among all: it is none any more, and may open a hand-over."""
    dealing, key = call.need(OprfDealing, "0"), call.need(OprfKey, "0")
    if key.epoch != body.epoch or dealing.phase not in ENDED:
        raise OprfWrongDealing(reason=f"the key is in epoch {key.epoch}, and its dealing {dealing.number} is {dealing.phase}")
    if call.sender not in key.holders:
        raise OprfWrongDealing(reason=f"{call.sender} does not say that it has a share")
    if call.time < dealing.since + LOSS_SECONDS:
        raise TooEarly(what="Saying that a share is lost", at=dealing.since + LOSS_SECONDS, now=call.time)
    call.state.put(replace(key, holders=tuple(one for one in key.holders if one != call.sender)))


def close(call: Call, body: ClosePhase) -> None:
    """A member or dealer, after the phase's time; too few who did their part end the dealing."""
    dealing = call.state.get(OprfDealing, "0")
    if dealing is None or dealing.number != body.number or dealing.phase in ENDED:
        raise OprfWrongDealing(reason="it is not under way")
    if call.sender not in (*dealing.members, *dealing.dealers):
        raise OprfWrongDealing(reason=f"{call.sender} takes no part in it")
    if call.time < dealing.since + PHASE_SECONDS:
        raise TooEarly(what="Closing the phase", at=dealing.since + PHASE_SECONDS, now=call.time)
    enough = {
        OprfPhase.ANNOUNCING: suffices(dealing, dealing.announced),
        OprfPhase.DEALING: len(dealing.dealt) >= dealing.least,
        OprfPhase.CONFIRMING: suffices(dealing, dealing.confirmed),
    }[dealing.phase]
    _go_on(call, dealing if enough else replace(dealing, phase=OprfPhase.FAILED))


def _open(call: Call) -> OprfDealing:
    dealing = next_dealing(call.state)
    at = opens_at(call.state, dealing)
    if call.time < at:
        raise TooEarly(what="The next dealing", at=at, now=call.time)
    if not may_open(call.state, dealing, call.sender):
        raise OprfWrongDealing(reason="there are too few members for a key, or nobody who opens it lacks a share")
    if len(dealing.dealers) < dealing.least:
        raise OprfWrongDealing(reason="too few of the key's holders are left to hand it on")
    return replace(dealing, since=call.time)


def _need(call: Call, number: int, phase: OprfPhase) -> OprfDealing:
    dealing = call.state.get(OprfDealing, "0")
    if dealing is None:
        raise OprfWrongDealing(reason="there is none")
    _need_phase(dealing, number, phase)
    return dealing


def _need_phase(dealing: OprfDealing, number: int, phase: OprfPhase) -> None:
    if (dealing.number, dealing.phase) != (number, phase):
        raise OprfWrongDealing(reason=f"dealing {dealing.number} is {dealing.phase}, this is for dealing {number} {phase}")


def _need_receiver(call: Call, number: int, phase: OprfPhase = OprfPhase.CONFIRMING) -> OprfDealing:
    dealing = _need(call, number, phase)
    if call.sender not in dealing.announced:
        raise OprfWrongDealing(reason=f"{call.sender} receives no shares in it")
    return dealing


def _put_or_go_on(call: Call, dealing: OprfDealing) -> None:
    """Write what was done; where nobody is missing, or too little is left, go on to the next phase."""
    if dealing.phase is OprfPhase.CONFIRMING and len(dealing.dealt) < dealing.least:
        call.state.put(replace(dealing, phase=OprfPhase.FAILED, since=call.time))
        return
    done, due = {
        OprfPhase.ANNOUNCING: (dealing.announced, dealing.members),
        OprfPhase.DEALING: (dealing.dealt, dealing.dealers),
        OprfPhase.CONFIRMING: (dealing.confirmed, dealing.announced),
    }[dealing.phase]
    if done == due:
        _go_on(call, dealing)
    else:
        call.state.put(dealing)


def _go_on(call: Call, dealing: OprfDealing) -> None:
    following = {
        OprfPhase.ANNOUNCING: OprfPhase.DEALING,
        OprfPhase.DEALING: OprfPhase.CONFIRMING,
        OprfPhase.CONFIRMING: OprfPhase.DONE,
    }.get(dealing.phase, OprfPhase.FAILED)
    if following is OprfPhase.DONE and not _establish(call, dealing):
        following = OprfPhase.FAILED
    call.state.put(replace(dealing, phase=following, since=call.time))


def _establish(call: Call, dealing: OprfDealing) -> bool:
    """Write the key that the deals make; False where they cancel each other out, which honest ones never do."""
    old = call.need(OprfKey, "0") if dealing.renews else None
    weights = weights_in(dealing, dealing.dealt)
    deals = {org: call.need(OprfDeal, org).commitments for org in weights}
    try:
        public, shares = add_up(deals, weights, len(dealing.members))
    except PointError:
        return False
    if old is not None and public != old.public:
        return False
    key = OprfKey(
        epoch=dealing.number,
        threshold=dealing.threshold,
        weakest=min(dealing.threshold, old.weakest if old is not None else dealing.threshold),
        members=dealing.members,
        public=public,
        shares=shares,
        dealers=tuple(weights),
        holders=dealing.confirmed,
    )
    call.state.put(key)
    return True


def _with(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(sorted({*names, name}))
