"""Disputes about registrations, as this organisation leads, answers or decides them."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Iterable, Sequence

from atoll.api.models import (
    AnswerInfo,
    AnswerRequest,
    Attachment,
    DecideRequest,
    DisputeInfo,
    OpenRequest,
)
from atoll.exchange.registration.statement import MAX_ATTACHED_BYTES, OPENING, REASON, STATEMENT_DOMAIN, Attached, Statement
from atoll.ledger.records import Dataset, Dispute
from atoll.ledger.rules.dispute import AnswerDispute, DecideDispute, OpenDispute, Outcome
from atoll.node.bodies import PATIENCE_SECONDS, Bodies, Kind, entitled, readers
from atoll.node.context import NodeContext
from atoll.node.errors import BadRequest
from atoll.ordering.engine import Acknowledged
from atoll.primitives.commitment import commit
from atoll.wire.message import encode_message, parse_message


class Disputes:
    """Opens, answers, decides and shows disputes."""

    def __init__(self, context: NodeContext, bodies: Bodies) -> None:
        self._context = context
        self._bodies = bodies

    async def open(self, request: OpenRequest, actor: str) -> tuple[str, Acknowledged]:
        """Contest a version; the words go to the other party, auditors and regulators."""
        owners = {self._context.need(Dataset, one).owner for one in (request.subject, request.against)}
        dispute = self._context.entropy.bytes(16)
        body = self._statement(dispute, request.text, request.attachments)
        name = f"{dispute.hex()}/{OPENING}"
        self._bodies.keep(Kind.STATEMENT, name, body)
        transaction = OpenDispute(dispute=dispute, subject=request.subject, against=request.against, evidence=_commitment(body))
        acknowledged = await self._context.outbox.submit(transaction)
        self._context.note(actor, "dispute.open", request.subject, dispute.hex())
        await self._offer(name, body, owners)
        return dispute.hex(), acknowledged

    async def answer(self, identifier: str, request: AnswerRequest, actor: str) -> Acknowledged:
        """Add to what was said."""
        dispute = self._context.need(Dispute, identifier)
        body = self._statement(dispute.dispute, request.text, request.attachments)
        commitment = _commitment(body)
        acknowledged = await self._context.outbox.submit(AnswerDispute(dispute=dispute.dispute, evidence=commitment))
        said = self._context.need(Dispute, identifier).answers
        number = 1 + max(place for place, one in enumerate(said) if one.commitment == commitment)
        name = f"{identifier}/{number}"
        self._bodies.keep(Kind.STATEMENT, name, body)
        self._context.note(actor, "dispute.answer", identifier, "ok")
        await self._offer(name, body, dispute.parties)
        return acknowledged

    async def decide(self, identifier: str, request: DecideRequest, actor: str) -> Acknowledged:
        """End it; the reasons go to the parties."""
        return await self._end(identifier, Outcome(request.outcome), request, actor)

    async def withdraw(self, identifier: str, request: AnswerRequest, actor: str) -> Acknowledged:
        """Take back what this organisation opened."""
        return await self._end(identifier, Outcome.WITHDRAWN, request, actor)

    async def _end(self, identifier: str, outcome: Outcome, request: DecideRequest | AnswerRequest, actor: str) -> Acknowledged:
        dispute = self._context.need(Dispute, identifier)
        body = self._statement(dispute.dispute, request.text, request.attachments)
        name = f"{identifier}/{REASON}"
        self._bodies.keep(Kind.STATEMENT, name, body)
        transaction = DecideDispute(dispute=dispute.dispute, outcome=outcome, reason=_commitment(body))
        acknowledged = await self._context.outbox.submit(transaction)
        self._context.note(actor, "dispute.decide", identifier, outcome)
        await self._offer(name, body, dispute.parties)
        return acknowledged

    async def show(self, identifier: str) -> DisputeInfo:
        """One dispute, with the words where this organisation may read them."""
        dispute = self._context.need(Dispute, identifier)
        holders = dict.fromkeys((*dispute.parties, dispute.decided_by or dispute.opener, *self._readers()))
        wanted = [(OPENING, dispute.opener, dispute.opened_height, dispute.evidence)]
        wanted += [(str(number), one.org, one.height, one.commitment) for number, one in enumerate(dispute.answers, start=1)]
        if dispute.reason:
            wanted.append((REASON, dispute.decided_by, dispute.decided_height, dispute.reason))
        said = list(await asyncio.gather(*(self._said(identifier, *one, holders) for one in wanted)))
        reason = said.pop() if dispute.reason else None
        return DisputeInfo(
            dispute=identifier,
            subject=dispute.subject,
            against=dispute.against,
            opener=dispute.opener,
            parties=list(dispute.parties),
            state=dispute.state,
            statements=said,
            decided_by=dispute.decided_by,
            decided_height=dispute.decided_height,
            reason=reason,
        )

    async def list(self) -> list[DisputeInfo]:
        """All disputes, oldest first."""
        ordered = sorted(self._context.records(Dispute), key=lambda one: (one.opened_height, one.dispute))
        return list(await asyncio.gather(*(self.show(one.identifier()) for one in ordered)))

    async def about(self, dataset: str) -> Sequence[DisputeInfo]:
        """All disputes in which a version stands, oldest first."""
        found = [one for one in self._context.records(Dispute) if dataset in (one.subject, one.against)]
        ordered = sorted(found, key=lambda one: (one.opened_height, one.dispute))
        return list(await asyncio.gather(*(self.show(one.identifier()) for one in ordered)))

    async def _said(
        self, identifier: str, place: str, org: str, height: int, commitment: bytes, holders: Iterable[str]
    ) -> AnswerInfo:
        view, name = self._context.view(), f"{identifier}/{place}"
        asked = dict.fromkeys((org, *holders))
        data = await self._bodies.fetch(view, Kind.STATEMENT, name, asked, patience_seconds=PATIENCE_SECONDS)
        info = AnswerInfo(org=org, height=height, commitment=commitment.hex())
        if data is None or not self._bodies.fits(view, Kind.STATEMENT, name):
            mine = entitled(view, Kind.STATEMENT, name, self._context.org)
            return info.model_copy(update={"awaited": mine})
        said = parse_message(data, Statement)
        attachments = [Attachment(name=one.name, data=base64.b64encode(one.data).decode()) for one in said.attached]
        return info.model_copy(update={"text": said.text, "attachments": attachments, "held": True})

    def _statement(self, dispute: bytes, text: str, attachments: Sequence[Attachment]) -> bytes:
        try:
            attached = tuple(Attached(name=one.name, data=base64.b64decode(one.data, validate=True)) for one in attachments)
        except binascii.Error as err:
            raise BadRequest(reason="an attachment is not base64") from err
        if sum(len(one.data) for one in attached) > MAX_ATTACHED_BYTES:
            raise BadRequest(reason=f"attachments have more than {MAX_ATTACHED_BYTES} bytes together")
        salt = self._context.entropy.bytes(32)
        return encode_message(Statement(salt=salt, dispute=dispute, org=self._context.org, text=text, attached=attached))

    async def _offer(self, name: str, body: bytes, parties: Iterable[str]) -> None:
        await self._bodies.offer(Kind.STATEMENT, name, body, dict.fromkeys((*sorted(parties), *self._readers())))

    def _readers(self) -> Sequence[str]:
        return readers(self._context.view())


def _commitment(body: bytes) -> bytes:
    return commit(STATEMENT_DOMAIN, parse_message(body, Statement).salt, body)
