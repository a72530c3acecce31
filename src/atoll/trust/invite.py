"""The one-time token by which an organisation enters a consortium.

A member makes an invite for one organisation name, one identity key and one genesis; the ledger stores only its commitment

    SHA-256("atoll/invite/1" || 0x00 || secret || binding)

so reading the ledger does not let anybody in, and redeeming it (which shows the secret) lets nobody else in, because the
commitment opens for that one key only. That a token works once is the ledger's to see to: it deletes the commitment.

A token is text to paste: `atoll-invite-1-`, then base32 in lower case, which survives a change of case and a line break; the
last four bytes are a checksum against a lost character.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.errors import AtollError
from atoll.ports import Entropy
from atoll.trust.errors import InviteMalformed, InviteRefused
from atoll.trust.secret import Secret
from atoll.wire.message import Digest, Message, Name, Size, Time, encode_message, parse_message

PREFIX = "atoll-invite-1-"
SECRET_BYTES = 32
MAX_TOKEN_CHARACTERS = 1000
"""Longest text that is looked at; a token has fewer than 600."""

_CHECKSUM_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteBinding(Message):
    """For whom, where and until when an invite is good."""

    TAG: ClassVar[str] = "invite-binding/1"

    organisation: Name
    """The name under which the newcomer enters."""
    key_digest: Digest
    """Digest of the newcomer's identity key (`PublicKey.digest`)."""
    genesis_digest: Digest
    """The consortium."""
    expires_at: Time
    """First second at which the invite is void."""
    issuer: Name
    """The member that made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteToken(Message):
    """What a token spells."""

    TAG: ClassVar[str] = "invite/1"

    secret: Annotated[bytes, Size(SECRET_BYTES)]
    """Shown to the ledger when the invite is redeemed, and to nobody before."""
    binding: InviteBinding
    """What the secret is good for."""

    def __repr__(self) -> str:
        return f"<InviteToken for {self.binding.organisation}>"


class Invite(Secret):
    """An invite in the hands of its maker or of the newcomer."""

    __slots__ = ("_token",)

    def __init__(self, token: InviteToken) -> None:
        self._token = token

    @property
    def binding(self) -> InviteBinding:
        """For whom, where and until when."""
        return self._token.binding

    @property
    def commitment(self) -> bytes:
        """What the ledger stores, 32 bytes."""
        return derive_invite_commitment(self._token.secret, self._token.binding)

    def expose_secret(self) -> bytes:
        """The secret, for the transaction that redeems the invite and for nothing else."""
        return self._token.secret

    def expose_text(self) -> str:
        """The token as text, for handing to the newcomer over a channel that others do not read."""
        payload = encode_message(self._token)
        return PREFIX + base64.b32encode(payload + _checksum(payload)).decode().rstrip("=").lower()

    def verify_for(self, *, organisation: str, key_digest: bytes, genesis_digest: bytes, now: int) -> None:
        """Check, before it is sent, that this invite is for the reader.

        Raises:
            InviteRefused: another name, key or consortium, or too late; the message says which.
        """
        binding = self._token.binding
        if binding.organisation != organisation:
            raise InviteRefused(problem=f"it is for {binding.organisation}, not for {organisation}")
        if binding.key_digest != key_digest:
            raise InviteRefused(problem="it is for another identity key")
        if binding.genesis_digest != genesis_digest:
            raise InviteRefused(problem="it is for another consortium")
        if now >= binding.expires_at:
            raise InviteRefused(problem="it has expired")

    def _describe(self) -> str:
        return f"for {self._token.binding.organisation}"


def create_invite(binding: InviteBinding, entropy: Entropy) -> Invite:
    """A new invite with a secret of its own."""
    return Invite(InviteToken(secret=entropy.bytes(SECRET_BYTES), binding=binding))


def parse_invite(text: str) -> Invite:
    """The invite that a token spells; white space and case do not matter.

    Raises:
        InviteMalformed: not a token, or not the whole of it.
    """
    if len(text) > MAX_TOKEN_CHARACTERS:
        raise InviteMalformed(problem="it is too long")
    token = "".join(text.split()).lower()
    if not token.startswith(PREFIX):
        raise InviteMalformed(problem=f"it does not begin with {PREFIX}")
    letters = token.removeprefix(PREFIX)
    try:
        data = base64.b32decode(letters + "=" * (-len(letters) % 8), casefold=True)
    except (binascii.Error, ValueError):
        raise InviteMalformed(problem="a character does not belong there") from None
    payload, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    if checksum != _checksum(payload):
        raise InviteMalformed(problem="a character is wrong or missing")
    try:
        invite = Invite(parse_message(payload, InviteToken))
    except AtollError:
        # Without the cause: what it says could quote the secret.
        raise InviteMalformed(problem="it is of an unknown version") from None
    if invite.expose_text() != token:
        raise InviteMalformed(problem="a character is wrong at its end")
    return invite


def derive_invite_commitment(secret: bytes, binding: InviteBinding) -> bytes:
    """SHA-256 over domain, secret and binding, 32 bytes; hides the secret because that has 256 bits."""
    return hashlib.sha256(b"atoll/invite/1\0" + secret + encode_message(binding)).digest()


def verify_invite(secret: bytes, binding: InviteBinding, *, commitment: bytes, now: int) -> None:
    """Check that a secret opens a stored commitment for exactly this binding, in time.

    The ledger fills `binding` with what it knows itself: name and key from the newcomer's transaction, its own genesis digest,
    issuer and expiry as stored.

    Raises:
        InviteRefused: it does not, or too late.
    """
    if len(secret) != SECRET_BYTES or not hmac.compare_digest(derive_invite_commitment(secret, binding), commitment):
        raise InviteRefused(problem="it was not issued for this organisation, key and consortium")
    if now >= binding.expires_at:
        raise InviteRefused(problem="it has expired")


def _checksum(payload: bytes) -> bytes:
    return hashlib.sha256(b"atoll/invite-token/1\0" + payload).digest()[:_CHECKSUM_BYTES]
