"""The pure transition: `apply(state, bytes, context) -> outcome`.

Both ordering engines, the replay from genesis and the tests call this one function. It reads no clock, draws no randomness, and
does no I/O; equal inputs give equal states on every machine. A refused transaction changes nothing but its sender's nonce.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from atoll.errors import AtollError, InputError, RuleError
from atoll.ledger.fault import ConsensusFault, reads_as_fault
from atoll.ledger.records import Chain, EngineKind, Key, Member, MemberState, Nonce
from atoll.ledger.rules import RULES
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.consensus import disqualify
from atoll.ledger.rules.errors import (
    BadSignature,
    BadTransaction,
    ExpiredTransaction,
    NotMember,
    StaleNonce,
    UnknownType,
)
from atoll.ledger.rules.membership import EnrolMember, need_invitation
from atoll.ledger.state import State
from atoll.ledger.transaction import MAX_TRANSACTION_BYTES, Transaction, parse_transaction
from atoll.primitives import ed25519
from atoll.trust import envelope as cose
from atoll.wire.message import Message, parse_message

Verifier = Callable[[bytes, bytes, bytes], bool]
"""`(public, message, signature) -> good?`; the strict check, or a cache of its verdicts."""


def vouched(public: bytes, message: bytes, signature: bytes) -> bool:
    """Takes every signature for good: only for transactions below a checkpoint that a quorum cosigned and whose root is
    compared afterwards, because those who cosigned have verified each of them."""
    del public, message, signature
    return True


@dataclass(frozen=True, slots=True)
class Context:
    """What a block gives to each of its transactions."""

    height: int
    """The block's height."""
    time: int
    """The block's time, Unix seconds."""
    verify: Verifier = ed25519.is_signature
    """The one strict Ed25519 check, or a cache in front of it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a transaction."""

    number: int
    """0 when it was carried out; else the refusing rule's number. Hashed into the block."""
    code: str
    """The same as a stable code; empty when carried out."""
    sentence: str
    """For people; never hashed."""

    @property
    def ok(self) -> bool:
        """Whether it was carried out."""
        return self.number == 0


ADMITTED = Outcome(0, "", "")
"""Nothing was refused."""


def apply(state: State, data: bytes, context: Context) -> Outcome:
    """Carry out one transaction.

    Args:
        state: read and, if the transaction is good, written; a refused one leaves only its nonce behind.
        data: the received bytes.
        context: the block's height and time.
    """
    if reads_as_fault(data):
        return _strike_out(state, data, context)
    try:
        transaction, call = admit(state, data, context)
    except RuleError as err:
        state.drop()
        return _refusal(err)
    try:
        body, rule = _rule(call.chain, transaction, call.height)
        _carry_out(rule, call, body)
        outcome = ADMITTED
    except RuleError as err:
        state.drop()
        outcome = _refusal(err)
    if outcome.ok or state.get(Member, transaction.sender) is not None:
        state.put(Nonce(org=transaction.sender, last=transaction.nonce))
    state.keep()
    return outcome


def check(state: State, data: bytes, context: Context) -> Outcome:
    """Whether a transaction would be let in now: form, signature, nonce, expiry; its rule is not run."""
    try:
        admit(state, data, context)
    except RuleError as err:
        return _refusal(err)
    return ADMITTED


def recheck(state: State, sender: str, nonce: int, expiry_height: int, context: Context) -> Outcome:
    """As `check` of a transaction that passed it before, since when no member and no key has changed."""
    try:
        _need_unexpired(expiry_height, context)
        _need_new_nonce(state, sender, nonce)
    except RuleError as err:
        return _refusal(err)
    return ADMITTED


def admit(state: State, data: bytes, context: Context) -> tuple[Transaction, Call]:
    """Form, type, expiry, sender, signature and nonce; of a newcomer, the invitation.

    Raises:
        RuleError: the first of these that does not hold.
    """
    if len(data) > MAX_TRANSACTION_BYTES:
        raise BadTransaction(reason=f"{len(data)} bytes, at most {MAX_TRANSACTION_BYTES}")
    try:
        envelope, transaction = parse_transaction(data)
    except AtollError as err:
        raise BadTransaction(reason=str(err)) from err
    chain = state.get(Chain, "0")
    if chain is None:
        raise BadTransaction(reason="this state has no genesis")
    _need_unexpired(transaction.expiry_height, context)
    _need_signature(state, chain, envelope, transaction, context)
    _need_new_nonce(state, transaction.sender, transaction.nonce)
    call = Call(state=state, height=context.height, time=context.time, sender=transaction.sender, chain=chain)
    if transaction.type == EnrolMember.TAG and state.get(Member, transaction.sender) is None:
        body, _ = _rule(chain, transaction, context.height)
        assert isinstance(body, EnrolMember), "its key was taken from it"
        need_invitation(call, body)
    return transaction, call


def _need_unexpired(expiry_height: int, context: Context) -> None:
    if expiry_height < context.height:
        raise ExpiredTransaction(expiry=expiry_height, height=context.height)


def _need_new_nonce(state: State, sender: str, nonce: int) -> None:
    used = state.get(Nonce, sender)
    if used is not None and nonce <= used.last:
        raise StaleNonce(nonce=nonce, least=used.last + 1)


def signature_claim(state: State, data: bytes, height: int) -> tuple[bytes, bytes, bytes] | None:
    """What `apply` would ask the verifier about a transaction: (public key, message, signature); None if it comes to no
    question.

    For verifying a block's signatures together, before it is carried out.
    """
    try:
        envelope, transaction = parse_transaction(data)
        chain = state.get(Chain, "0")
        return None if chain is None else _claim(state, chain, envelope, transaction, height)
    except AtollError:
        return None


def _need_signature(state: State, chain: Chain, envelope: cose.Envelope, transaction: Transaction, context: Context) -> None:
    if not context.verify(*_claim(state, chain, envelope, transaction, context.height)):
        raise BadSignature(sender=transaction.sender)


def _claim(
    state: State, chain: Chain, envelope: cose.Envelope, transaction: Transaction, height: int
) -> tuple[bytes, bytes, bytes]:
    public = _signing_key(state, chain, envelope, transaction, height)
    aad = cose.encode_aad(chain.chain_id, chain.genesis_digest, cose.Context.TRANSACTION)
    return public, envelope.signed_bytes(aad), envelope.signature


def _signing_key(state: State, chain: Chain, envelope: cose.Envelope, transaction: Transaction, height: int) -> bytes:
    """The sender's registered identity key; for an enrolment, the key it brings, which the invitation is bound to.

    An enrolment in a member's name is signed like everything else of that member: else anybody could use up its nonces.
    """
    kid = envelope.kid.decode("ascii", errors="replace")
    member = state.get(Member, transaction.sender)
    if transaction.type == EnrolMember.TAG and member is None:
        body, _ = _rule(chain, transaction, height)
        if (
            isinstance(body, EnrolMember)
            and kid == f"{body.enrolment.org}/identity/1"
            and body.enrolment.org == transaction.sender
        ):
            return body.enrolment.identity
        raise BadSignature(sender=transaction.sender)
    if member is None or member.state is not MemberState.ACTIVE:
        raise NotMember(org=transaction.sender)
    key = state.get(Key, kid) if kid.startswith(f"{transaction.sender}/identity/") else None
    if key is None or not key.is_valid_at(height):
        raise BadSignature(sender=transaction.sender)
    return key.public


def _rule(chain: Chain, transaction: Transaction, height: int) -> tuple[Message, Callable[[Call, Message], None]]:
    found = RULES.get(chain.rules_at(height), {}).get(transaction.type)
    if found is None:
        raise UnknownType(type=transaction.type)
    kind, rule = found
    try:
        return kind.from_map(transaction.body), rule
    except AtollError as err:
        raise BadTransaction(reason=str(err)) from err


def _carry_out(rule: Callable[[Call, Message], None], call: Call, body: Message) -> None:
    """Run a rule. A record that cannot be made of what the transaction says is the transaction's fault, never the node's
    end."""
    try:
        rule(call, body)
    except InputError as err:
        raise BadTransaction(reason=str(err)) from err


def _strike_out(state: State, data: bytes, context: Context) -> Outcome:
    """Take a vote away from a consensus key that CometBFT has convicted."""
    chain = state.get(Chain, "0")
    if chain is None or chain.engine is not EngineKind.COMETBFT:
        return _refusal(BadTransaction(reason="nobody votes on this ledger's blocks"))
    try:
        fault = parse_message(data, ConsensusFault)
    except AtollError as err:
        return _refusal(BadTransaction(reason=str(err)))
    disqualify(Call(state=state, height=context.height, time=context.time, sender="", chain=chain), fault.address)
    state.keep()
    return Outcome(0, "", "")


def _refusal(err: RuleError) -> Outcome:
    return Outcome(err.number, err.code, str(err))
