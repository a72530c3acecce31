"""A paper: something that several persons sign, one after the other, each on an own machine, as a file that goes round.

    paper = chain id, genesis digest, context, what is signed, why, who may sign, who has

A node draws it up, because it knows the chain and who the approvers are. Each person reads it and adds an envelope
(`sign_paper`). Any node hands the envelopes in; the rest of the paper was only for reading, and nothing trusts it: the ledger
knows the chain, the keys, and what has to be signed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from atoll.errors import AtollError
from atoll.ledger.errors import BadPaper
from atoll.ledger.plan import Label
from atoll.ledger.rules.approver import ApproverRequest, ConsentApproval, RegradeApproval, Signed
from atoll.ledger.rules.order import OrderBody
from atoll.primitives.commitment import is_opening
from atoll.trust.algorithms import Algorithm
from atoll.trust.envelope import Context, encode_aad, parse_envelope, seal_envelope
from atoll.wire.message import Digest, Message, Size, Text, parse_message

REASON_DOMAIN = "order-reason"
MOST_SIGNERS = 34
RECOVERY_KEY = "the recovery key"
"""What an organisation's recovery key is called among those who may sign; no person's pseudonym has blanks."""


PAPERS: dict[Context, type[Message]] = {
    Context.ORDER: OrderBody,
    Context.APPROVER: ApproverRequest,
    Context.APPROVAL: ConsentApproval,
    Context.REGRADE: RegradeApproval,
}
"""What can go round, by the context that signatures on it carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSigner(Message):
    """Somebody who may sign."""

    kid: Label
    """Name of the key."""
    person: Label
    """Pseudonym."""
    public: Digest
    """The key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper(Message):
    """See the module's docstring."""

    TAG: ClassVar[str] = "paper/1"

    chain_id: Annotated[str, Size(1, 64)]
    """Ledger that it is for."""
    genesis_digest: Digest
    """Its genesis."""
    context: Context
    """What the payload is meant to be."""
    payload: Annotated[bytes, Size(1, 4000)]
    """What is signed."""
    reason: Text = ""
    """Why, in words; an order carries a commitment to it."""
    salt: Annotated[bytes, Size(0, 32)] = b""
    """Opens the commitment to the reason."""
    signers: Annotated[tuple[PaperSigner, ...], Size(0, MOST_SIGNERS)]
    """Who may sign."""
    signed: Annotated[tuple[Signed, ...], Size(0, 4)] = ()
    """Envelopes so far, in the order in which they were made."""

    def read(self) -> Message:
        """What is signed, read.

        Raises:
            BadPaper: it is not what the context says, or the reason is not the one that is committed to.
        """
        kind = PAPERS.get(self.context)
        if kind is None:
            raise BadPaper(reason=f"nobody signs a {self.context}")
        try:
            body = parse_message(self.payload, kind)
        except AtollError as err:
            raise BadPaper(reason=str(err).rstrip(".")) from err
        if isinstance(body, OrderBody) and not is_opening(
            body.reason_commitment, REASON_DOMAIN, self.salt, self.reason.encode()
        ):
            raise BadPaper(reason="the order commits to another reason than the one that stands here")
        return body

    @property
    def hands(self) -> tuple[str, ...]:
        """Names of the keys that have signed; not verified."""
        return tuple(parse_envelope(one).kid.decode("ascii", errors="replace") for one in self.signed)


def sign_paper(paper: Paper, public: bytes, sign: Callable[[bytes], bytes]) -> Paper:
    """The paper with one more signature.

    Args:
        paper: as it came.
        public: the person's key, which must be one of the signers'.
        sign: signs with it.

    Raises:
        BadPaper: the paper cannot be read, this key may not sign it, or has.
    """
    paper.read()
    signer = next((one for one in paper.signers if one.public == public), None)
    if signer is None:
        raise BadPaper(reason="this key is none of those that may sign it")
    if signer.kid in paper.hands:
        raise BadPaper(reason=f"{signer.person} has signed it already")
    aad = encode_aad(paper.chain_id, paper.genesis_digest, paper.context)
    made = seal_envelope(paper.payload, kid=signer.kid.encode(), algorithm=Algorithm.ED25519, sign=sign, aad=aad)
    return replace(paper, signed=(*paper.signed, made))
