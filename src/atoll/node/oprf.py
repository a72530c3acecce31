"""Evaluations of the consortium's threshold OPRF: asked for on the ledger, answered by the members that hold shares.

    evaluation = await evaluator.evaluate([bytes_digest, content_root, nameless_root])
    evaluation.id, evaluation.tags                                # what a registration names

A member answers only what stands on its own agreed copy of the ledger, to whom asked, and the same again for the same request.
Answers are signed: one whose proof does not hold is evidence against its signer, and is kept.

Leaks: to the ledger that this organisation asked, when, and for how many inputs; to the members nothing of the inputs or tags.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.errors import AtollError
from atoll.ledger.records import (
    MOST_ELEMENTS,
    EvaluationId,
    Member,
    MemberState,
    OprfKey,
    OprfRequest,
    Version,
    current_key,
)
from atoll.ledger.rules.errors import OprfNoKey
from atoll.ledger.rules.oprf import RequestEvaluation
from atoll.node.bodies import Caller
from atoll.node.context import NodeContext
from atoll.node.errors import NoShareHere, NotAsked, TooFewShares
from atoll.node.oprf_shares import Shares
from atoll.primitives import ed25519
from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.errors import OprfProofError, PointError
from atoll.protocols.threshold_oprf import Question, digest_blinded, verify_answer
from atoll.trust.keys import Purpose
from atoll.wire.message import Digest, Message, Name, Size, encode_message, parse_message

log = logging.getLogger("atoll.oprf")

METHOD = "oprf.evaluate"
EVIDENCE = "oprf-evidence"
"""Kind under which wrong answers are kept among the bodies."""
ANSWER_DOMAIN = b"ATOLL-V1-OPRF-ANSWER"
ANSWER_SECONDS = 15.0
"""How long a member is waited for."""
ARRIVAL_SECONDS = 5.0
"""How long a member waits until the request stands on its own copy of the ledger."""
LOOK_SECONDS = 0.05
ANSWERED_SECONDS = 3600
"""How old a request may be: what was asked for longer ago is asked for anew, within the limits of that day."""
REASK_SECONDS = 3000
"""After so long who asks makes a new request in place of one that it could not finish: well before others call it old."""
MOST_WAITING = 4
"""Requests of one member that this node does not know of yet and waits for; more are looked up once."""

Elements = Annotated[bytes, Size(32, 32 * MOST_ELEMENTS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Message):
    """Peer request: evaluate these elements."""

    TAG: ClassVar[str] = "oprf-ask/1"

    id: EvaluationId
    """The request on the ledger."""
    blinded: Elements
    """The elements whose digest it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Message):
    """What a member answers; everything that its signature covers."""

    TAG: ClassVar[str] = "oprf-answer/1"

    genesis_digest: Digest
    """The ledger."""
    org: Name
    """Who answers."""
    id: EvaluationId
    """What it answers."""
    epoch: Version
    """Epoch of the share that was used."""
    digest: Digest
    """Of the elements that were evaluated."""
    evaluated: Elements
    """The elements times the share."""
    proof: Annotated[bytes, Size(64)]
    """That it was the share."""

    def signed_bytes(self) -> bytes:
        """What the identity key signs."""
        return ANSWER_DOMAIN + encode_message(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAnswer(Message):
    """An answer with its signature."""

    TAG: ClassVar[str] = "signed-oprf-answer/1"

    answer: Answer
    """The answer."""
    signature: Annotated[bytes, Size(64)]
    """By the member's identity key."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of one request."""

    id: bytes
    """Identifier of the request on the ledger, 16 bytes."""
    tags: tuple[bytes, ...]
    """The function's value for each input, 32 bytes each."""


class Evaluator:
    """Evaluates the function for this organisation, and takes part when others do."""

    def __init__(self, context: NodeContext, shares: Shares, links: Caller, sign: Callable[[bytes], bytes]) -> None:
        """Args: sign: with the organisation's identity key."""
        self._context = context
        self._shares = shares
        self._links = links
        self._sign = sign
        self._waiting: Counter[str] = Counter()

    @property
    def is_ready(self) -> bool:
        """Whether a key stands, so that a registration needs tags."""
        return self._context.view().get(OprfKey, "0") is not None

    @property
    def holds_share(self) -> bool:
        """Whether this node can answer others under the key in force."""
        key = self._context.view().get(OprfKey, "0")
        return key is not None and self._shares.held(key) is not None

    async def evaluate(self, inputs: Sequence[bytes], *, seed: bytes | None = None) -> Evaluation:
        """The tags of 1 to 3 inputs, 1 to 65,535 bytes each.

        Args:
            inputs: what is evaluated.
            seed: 32 secret bytes from which the request and its blinds follow, so that asking again after a crash is the same
                request, as long as members answer it; drawn afresh where there is none.

        Raises:
            OprfNoKey: the members share no key yet.
            TransactionRefused: this organisation has used up its evaluations of the day (`oprf.limit_reached`).
            TooFewShares: fewer members than needed answered well; it names the others.
            UnavailableError: the ledger cannot be written to now.

        Cost: one transaction; a round trip to all members at once; about 0.3 ms of this processor an answer.
        """
        if not self.is_ready:
            raise OprfNoKey()
        seeded = SeededEntropy(self._context.entropy.bytes(32) if seed is None else seed).fork("oprf request")
        while True:
            question = Question(inputs, seeded.bytes(32))
            request = RequestEvaluation(id=seeded.bytes(16), digest=digest_blinded(question.blinded), elements=len(inputs))
            found = self._standing(request)
            if found is None:
                await self._context.outbox.submit(request)
            if found is None or self._context.now() < found.time + REASK_SECONDS:
                break
        ask = Ask(id=request.id, blinded=question.blinded)
        while True:
            key = self._key()
            try:
                return Evaluation(request.id, question.tags(await self._collect(key, ask)))
            except TooFewShares:
                if self._key().epoch == key.epoch:  # else the key was handed on meanwhile, and others may hold it
                    raise

    def _standing(self, request: RequestEvaluation) -> OprfRequest | None:
        """This very request of this organisation, if it is on the ledger already: it was made before a crash."""
        found = self._context.view().get(OprfRequest, request.id.hex())
        is_it = found is not None and (found.org, found.digest) == (self._context.org, request.digest)
        return found if is_it else None

    async def answer(self, org: str, payload: bytes) -> bytes:
        """Serve `oprf.evaluate`.

        Raises:
            NotAsked: the ledger holds no such request of this member, active, for so many elements and these, or an old one.
            NoShareHere: this node has no share of the key in force.
            PointError: something in it is no element.
        """
        ask = parse_message(payload, Ask)
        request = await self._request(org, ask.id)
        if request is None or (request.org, request.digest) != (org, digest_blinded(ask.blinded)):
            raise NotAsked(org=org, id=ask.id.hex())
        is_old = self._context.now() > request.time + ANSWERED_SECONDS
        if is_old or 32 * request.elements != len(ask.blinded) or not self._is_active(org):
            raise NotAsked(org=org, id=ask.id.hex())
        answer = encode_message(self._answer(self._key(), ask))
        self._note_once(ask.id, org)
        return answer

    async def _collect(self, key: OprfKey, ask: Ask) -> dict[int, bytes]:
        """Verified answers by place, as many as the threshold.

        Raises:
            TooFewShares: there are not so many.
        """
        good: dict[int, bytes] = {}
        missing = set(key.members)
        tasks = {asyncio.create_task(self._ask(key, org, ask), name=org) for org in key.members}
        try:
            for finished in asyncio.as_completed(tasks):
                found = await finished
                if found is not None:
                    place, evaluated = found
                    good[place] = evaluated
                    missing.discard(key.members[place - 1])
                if len(good) == key.threshold:
                    return good
        finally:
            for task in tasks:
                task.cancel()
        raise TooFewShares(found=len(good), needed=key.threshold, missing=", ".join(sorted(missing)))

    async def _ask(self, key: OprfKey, org: str, ask: Ask) -> tuple[int, bytes] | None:
        """A member's place and verified answer; None if it gives none."""
        try:
            if org == self._context.org:
                signed = self._answer(key, ask)
            else:
                reply = await self._links.call(org, METHOD, encode_message(ask), timeout_seconds=ANSWER_SECONDS)
                signed = parse_message(reply, SignedAnswer)
        except AtollError as err:
            log.info("no evaluation", extra={"org": org, "code": err.code})
            return None
        return self._checked(key, org, ask, signed)

    def _checked(self, key: OprfKey, org: str, ask: Ask, signed: SignedAnswer) -> tuple[int, bytes] | None:
        answer, held = signed.answer, key.share_of(org)
        said = (answer.org, answer.genesis_digest, answer.id, answer.epoch, answer.digest)
        due = (org, self._context.view().chain.genesis_digest, ask.id, key.epoch, digest_blinded(ask.blinded))
        if held is None or said != due or not self._is_signed(org, signed):
            log.warning("an answer to something else", extra={"org": org})
            return None
        place, public = held
        try:
            verify_answer(public, ask.blinded, answer.evaluated, answer.proof)
        except (OprfProofError, PointError, ValueError) as err:
            self._context.store.set_body(EVIDENCE, f"{ask.id.hex()}/{org}", encode_message(signed))
            self._context.note(org, "oprf.wrong_answer", ask.id.hex(), "kept as evidence")
            log.warning("a wrong evaluation", extra={"org": org, "error": str(err)})
            return None
        return place, answer.evaluated

    def _is_signed(self, org: str, signed: SignedAnswer) -> bool:
        view = self._context.view()
        key = current_key(view, org, Purpose.IDENTITY)
        return (
            key is not None
            and key.is_valid_at(view.height)
            and ed25519.is_signature(key.public, signed.answer.signed_bytes(), signed.signature)
        )

    def _answer(self, key: OprfKey, ask: Ask) -> SignedAnswer:
        share = self._shares.held(key)
        if share is None:
            raise NoShareHere(epoch=key.epoch)
        evaluated, proof = share.answer(ask.blinded)
        answer = Answer(
            genesis_digest=self._context.view().chain.genesis_digest,
            org=self._context.org,
            id=ask.id,
            epoch=key.epoch,
            digest=digest_blinded(ask.blinded),
            evaluated=evaluated,
            proof=proof,
        )
        return SignedAnswer(answer=answer, signature=self._sign(answer.signed_bytes()))

    async def _request(self, org: str, identifier: bytes) -> OprfRequest | None:
        """The request, once this node has agreed to it: it may be a block behind who asks. Some of each member are awaited."""
        waits = self._waiting[org] < MOST_WAITING
        ends = self._context.clock.monotonic() + (ARRIVAL_SECONDS if waits else 0)
        self._waiting[org] += 1
        try:
            while True:
                request = self._context.view().get(OprfRequest, identifier.hex())
                if request is not None or self._context.clock.monotonic() >= ends:
                    return request
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._waiting[org] -= 1

    def _is_active(self, org: str) -> bool:
        member = self._context.view().get(Member, org)
        return member is not None and member.state is MemberState.ACTIVE

    def _note_once(self, identifier: bytes, org: str) -> None:
        name = f"oprf/answered/{identifier.hex()}"
        if self._context.store.meta(name) is None:
            self._context.store.set_meta(name, b"1")
            self._context.note(org, "oprf.evaluate", identifier.hex(), "ok")

    def _key(self) -> OprfKey:
        key = self._context.view().get(OprfKey, "0")
        if key is None:
            raise OprfNoKey()
        return key
