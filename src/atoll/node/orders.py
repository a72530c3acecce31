"""Orders and approvers as people draw them up, hand them in and look at them at this node.

The node signs none of it: it draws up papers, takes signed ones, and shows what stands on the ledger. Persons' keys are never
here.
"""

from __future__ import annotations

from atoll.api.models import ApproverAsk, ApproverInfo, OrderInfo, OrderRequest
from atoll.errors import AtollError
from atoll.ledger.errors import BadPaper
from atoll.ledger.paper import REASON_DOMAIN, RECOVERY_KEY, Paper, PaperSigner
from atoll.ledger.records import (
    Approver,
    Dataset,
    Grant,
    Job,
    Member,
    Order,
    OrderAction,
    OrderState,
    Record,
    Regrade,
    Right,
    Roster,
    TargetKind,
    current_key,
)
from atoll.ledger.rules.approver import (
    NEEDED,
    NEW,
    AddApprover,
    ApproverRequest,
    ConsentApproval,
    RegradeApproval,
    RevokeApprover,
)
from atoll.ledger.rules.order import HANDS, ORDERS, OrderBody
from atoll.node.context import NodeContext
from atoll.node.errors import BadRequest
from atoll.ordering.engine import Acknowledged
from atoll.primitives.commitment import commit
from atoll.trust.algorithms import Algorithm
from atoll.trust.envelope import Context
from atoll.trust.fingerprint import fingerprint
from atoll.trust.keys import KeyName, Purpose
from atoll.trust.roles import Role
from atoll.wire.message import Message, encode_message, parse_message

HOUR_SECONDS = 3600
TARGETS: dict[TargetKind, type[Record]] = {
    TargetKind.DATASET: Dataset,
    TargetKind.LINEAGE: Dataset,
    TargetKind.GRANT: Grant,
    TargetKind.RIGHT: Right,
    TargetKind.MEMBER: Member,
}
"""What an order can be about."""
REASONS = "order-reason"
"""Kind of body under which reasons are kept; they stay at this node."""


class OrderDesk:
    """Draws up orders and requests, hands them in, lists what stands."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    # -- orders ----------------------------------------------------------------------------------------------------------------

    def draft(self, request: OrderRequest) -> bytes:
        """An order for two persons of this organisation to sign.

        Raises:
            BadRequest: it names nothing that is there, lifts what is no freeze in force, or this organisation cannot give it.
                The ledger would refuse it too, but only after two persons had signed.
            MessageError: the target is not of its kind's form.
        """
        entropy = self._context.entropy
        self._need_regulator()
        kind, target = self._target(request)
        salt = entropy.bytes(32)
        body = OrderBody(
            order=entropy.bytes(16),
            regulator=self._context.org,
            action=OrderAction(request.action),
            target_kind=kind,
            target=target,
            lifts=bytes.fromhex(request.lifts) if request.lifts else b"",
            reason_commitment=commit(REASON_DOMAIN, salt, request.reason.encode()),
            not_after=self._context.now() + request.hours * HOUR_SECONDS,
        )
        self._context.store.set_body(REASONS, body.order.hex(), request.reason.encode())
        self._context.note("person", "order.draft", body.order.hex(), request.action)
        return self._paper(Context.ORDER, body, self._signers(), reason=request.reason, salt=salt)

    async def submit(self, paper: bytes) -> tuple[str, Acknowledged]:
        """Hand in an order that two persons have signed; its identifier.

        Raises:
            BadPaper: it is none, or fewer than two have signed; of more, the first two count.
            TransactionRefused: the ledger's rules refuse it.
        """
        found = read_paper(paper, Context.ORDER)
        body = found.read()
        assert isinstance(body, OrderBody)
        if len(found.signed) < HANDS:
            raise BadPaper(reason=f"{len(found.signed)} of {HANDS} persons have signed it")
        acknowledged = await self._context.outbox.submit(ORDERS[body.action](signed=found.signed[:HANDS]))
        self._context.note("person", f"order.{body.action}", body.order.hex(), f"{body.target_kind} {body.target}")
        return body.order.hex(), acknowledged

    def show(self, order: str) -> OrderInfo:
        """One order.

        Raises:
            NoSuchThing: there is none.
        """
        return self._describe(self._context.need(Order, order))

    def approval(self, identifier: str) -> bytes:
        """For a person to sign: that this organisation may consent to a job on data of a high level.

        Raises:
            NoSuchThing: there is no such job.
        """
        job = self._context.need(Job, identifier)
        body = ConsentApproval(job_id=job.job_id, plan_digest=job.plan_digest, org=self._context.org)
        inputs = ", ".join(dict.fromkeys(one.dataset for one in job.inputs))
        return self._paper(Context.APPROVAL, body, self._signers(), reason=f"{job.kind} proposed by {job.proposer} on {inputs}")

    def lowering(self, identifier: str, level: int) -> bytes:
        """For a person to sign: that this organisation may lower data of a high level, good for a day and this once.

        Raises:
            NoSuchThing: there is no such dataset.
        """
        self._context.need(Dataset, identifier)
        last = self._context.view().get(Regrade, identifier)
        body = RegradeApproval(
            dataset=identifier,
            level=level,
            org=self._context.org,
            since=last.height if last is not None else 0,
            not_after=self._context.now() + 24 * HOUR_SECONDS,
        )
        return self._paper(Context.REGRADE, body, self._signers())

    # -- persons ---------------------------------------------------------------------------------------------------------------

    def ask(self, request: ApproverAsk) -> bytes:
        """A request for a person to become an approver of this organisation: for that person to sign, for those in force, and
        for the recovery key where persons are missing.

        Raises:
            BadRequest: the key is not 32 bytes of hex.
            MessageError: the pseudonym is not of its form.
        """
        try:
            public = bytes.fromhex(request.public)
        except ValueError as err:
            raise BadRequest(reason="the public key is not hex") from err
        org = self._context.org
        body = ApproverRequest(
            org=org,
            person=request.person,
            public=public,
            not_after=self._context.now() + request.hours * HOUR_SECONDS,
        )
        new = PaperSigner(kid=f"{org}/{Purpose.APPROVER}/{NEW}", person=request.person, public=public)
        return self._paper(Context.APPROVER, body, (new, *self._signers(), *self._stand_in()))

    async def add(self, paper: bytes) -> Acknowledged:
        """Register a person whose request is signed by it and by those who must.

        Raises:
            BadPaper: it is none, or the person itself has not signed.
            TransactionRefused: the ledger's rules refuse it.
        """
        found = read_paper(paper, Context.APPROVER)
        own = f"{self._context.org}/{Purpose.APPROVER}/{NEW}"
        if own not in found.hands:
            raise BadPaper(reason="the person itself has not signed it")
        signed = [one for _, one in sorted(zip(found.hands, found.signed, strict=True), key=lambda pair: pair[0] != own)]
        acknowledged = await self._context.outbox.submit(AddApprover(signed=tuple(signed)))
        self._context.note("person", "approver.add", own, "ok")
        return acknowledged

    async def revoke(self, person: str) -> Acknowledged:
        """Take a person of this organisation out of force, at once."""
        acknowledged = await self._context.outbox.submit(RevokeApprover(person=person))
        self._context.note("person", "approver.revoke", person, "ok")
        return acknowledged

    def approvers(self) -> list[ApproverInfo]:
        """Every organisation's persons, those that were revoked included."""
        return [
            ApproverInfo(
                org=one.org,
                person=one.person,
                kid=kid_of(one),
                active=one.active,
                fingerprint=fingerprint(Algorithm.ED25519, one.public),
            )
            for one in self._context.records(Approver)
        ]

    def _target(self, request: OrderRequest) -> tuple[TargetKind, str]:
        if request.action != "unfreeze":
            if not request.target:
                raise BadRequest(reason="it is not said what the order is about")
            return self._present(TargetKind(request.target_kind), request.target)
        lifted = self._context.view().get(Order, request.lifts)
        if lifted is None or lifted.action is not OrderAction.FREEZE:
            raise BadRequest(
                reason="an unfreeze names the freeze that it lifts; `atoll order list --open` shows those in force"
            )
        if lifted.regulator != self._context.org or lifted.state is not OrderState.IN_FORCE:
            raise BadRequest(reason=f"that freeze is one of {lifted.regulator}, and {lifted.state}")
        return lifted.target_kind, lifted.target

    def _present(self, kind: TargetKind, target: str) -> tuple[TargetKind, str]:
        record, identifier = TARGETS[kind], f"{target}/1" if kind is TargetKind.LINEAGE else target
        if self._context.view().get(record, identifier) is None:
            raise BadRequest(reason=f"there is no {kind} {target} on the ledger")
        return kind, target

    def _need_regulator(self) -> None:
        org, view = self._context.org, self._context.view()
        member, persons = view.get(Member, org), len(self._signers())
        if member is None or Role.REGULATOR not in member.roles:
            raise BadRequest(reason=f"{org} is no regulator")
        if persons < HANDS:
            raise BadRequest(reason=f"an order takes {HANDS} persons, and {org} has {persons}: `atoll key approver request`")

    def _stand_in(self) -> tuple[PaperSigner, ...]:
        """The recovery key, where fewer persons are in force than have to sign."""
        org, view = self._context.org, self._context.view()
        roster = view.get(Roster, org)
        if roster is not None and len(roster.active) >= NEEDED:
            return ()
        key = current_key(view, org, Purpose.RECOVERY)
        return () if key is None else (PaperSigner(kid=key.kid, person=RECOVERY_KEY, public=key.public),)

    def _signers(self) -> tuple[PaperSigner, ...]:
        """This organisation's approvers in force."""
        view = self._context.view()
        roster = view.get(Roster, self._context.org)
        found = [view.get(Approver, f"{self._context.org}/{person}") for person in (roster.active if roster else ())]
        return tuple(PaperSigner(kid=kid_of(one), person=one.person, public=one.public) for one in found if one is not None)

    def _paper(
        self, context: Context, body: Message, signers: tuple[PaperSigner, ...], *, reason: str = "", salt: bytes = b""
    ) -> bytes:
        chain = self._context.view().chain
        return encode_message(
            Paper(
                chain_id=chain.chain_id,
                genesis_digest=chain.genesis_digest,
                context=context,
                payload=encode_message(body),
                reason=reason,
                salt=salt,
                signers=signers,
            )
        )

    def _describe(self, order: Order) -> OrderInfo:
        names = {kid_of(one): one.person for one in self._context.records(Approver)}
        reason = self._context.store.body(REASONS, order.order.hex())
        return OrderInfo(
            order=order.order.hex(),
            regulator=order.regulator,
            action=order.action,
            target_kind=order.target_kind,
            target=order.target,
            state=order.state,
            approvers=[f"{names.get(kid, 'unknown')} ({kid})" for kid in order.approvers],
            height=order.height,
            time=order.time,
            reason=reason.decode() if reason else "",
            reason_commitment=order.reason_commitment.hex(),
        )

    def list(self) -> list[OrderInfo]:
        """All orders, oldest first."""
        return [self._describe(one) for one in sorted(self._context.records(Order), key=lambda one: (one.height, one.order))]


def kid_of(approver: Approver) -> str:
    """Name of a person's key."""
    return str(KeyName(approver.org, Purpose.APPROVER, approver.number))


def read_paper(data: bytes, context: Context) -> Paper:
    """A paper of one kind, in one piece.

    Raises:
        BadPaper: it is none, or of another kind.
    """
    try:
        paper = parse_message(data, Paper)
        hands = paper.hands
    except BadPaper:
        raise
    except AtollError as err:
        raise BadPaper(reason=str(err).rstrip(".")) from err
    if paper.context is not context or len(set(hands)) != len(hands):
        raise BadPaper(reason=f"it is a paper about {paper.context}, or signed twice by one key")
    paper.read()
    return paper
