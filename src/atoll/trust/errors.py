"""What can go wrong with keys, envelopes, keystores, TLS certificates and invites."""

from __future__ import annotations

from atoll.errors import AccessError, ConflictError, InputError, IntegrityError, NotFoundError, UnavailableError


class EnvelopeError(InputError):
    """The bytes are not an envelope in the one form that is accepted."""

    code = "envelope.malformed"
    sentence = "This is not a signed envelope: {problem}."
    remedy = "Make envelopes with a client of the same version as the node."


class UnknownAlgorithm(InputError):
    """The header names an algorithm that is not implemented."""

    code = "envelope.unknown_algorithm"
    sentence = "The envelope names signature algorithm {number}, which is not accepted here."
    remedy = "Sign with Ed25519 (COSE algorithm -8 or -19)."


class WrongKey(AccessError):
    """The envelope names another key than the one it is checked against."""

    code = "envelope.wrong_key"
    sentence = "The envelope is signed under key {found}, not under {expected}."
    remedy = "Sign with the key that is registered for this organisation and purpose."


class WrongAlgorithm(AccessError):
    """The header's algorithm is not that of the registered key."""

    code = "envelope.wrong_algorithm"
    sentence = "The envelope says {found}, but key {kid} is registered for {expected}."
    remedy = "The registered key decides the algorithm; sign with that one."


class SignatureInvalid(IntegrityError):
    """A signature is not the key's on these bytes."""

    code = "trust.signature_invalid"
    status = 422
    sentence = "The signature under key {key} does not fit what it should cover."
    remedy = "Something was changed on the way, or it was signed for another consortium or purpose. Ask for it again."


class KeyUnusable(InputError):
    """A public key that could never be trusted: wrong length, not canonical, of small order."""

    code = "trust.key_unusable"
    sentence = "This is not a usable {algorithm} public key."
    remedy = "Generate a new key and register that."


class KeyNotValid(AccessError):
    """The key exists but is not valid at this height."""

    code = "trust.key_not_valid"
    sentence = "Key {kid} is not valid at height {height}: {reason}."
    remedy = "Use the organisation's current key; `atoll consortium members` shows it."


class KeyNotHere(NotFoundError):
    """The signer holds no key of that label."""

    code = "trust.key_not_here"
    sentence = "This signer holds no signing key called {label}."
    remedy = "Check the name of the key and which keystore the node was started with."


class HandleUnknown(InputError):
    """A handle that this signer never gave out."""

    code = "trust.handle_unknown"
    sentence = "This handle was not given out by this signer."
    remedy = "Look the key up again with its label."


class MechanismUnfit(InputError):
    """The key cannot sign by that mechanism."""

    code = "trust.mechanism_unfit"
    sentence = "Key {label} cannot sign by mechanism {mechanism}."
    remedy = "Use the mechanism of the key's algorithm."


class KeystoreMalformed(IntegrityError):
    """The bytes are not a keystore, or one that asks for unreasonable work."""

    code = "keystore.malformed"
    sentence = "This is not a keystore that can be opened here: {problem}."
    remedy = "Restore the file from a backup."


class KeystoreLocked(AccessError):
    """The passphrase is wrong or the file was changed; the two cannot be told apart."""

    code = "keystore.locked"
    sentence = "The keystore does not open: the passphrase is wrong, or the file was changed."
    remedy = "Try the passphrase again; if it is right, restore the file from a backup."


class PassphraseUnusable(InputError):
    """An empty or enormous passphrase."""

    code = "keystore.passphrase_unusable"
    sentence = "A passphrase has 1 to {limit} bytes."
    remedy = "Give a passphrase; a sentence of five random words is a good one."


class KeystoreMissing(NotFoundError):
    """No keystore where it should be."""

    code = "keystore.missing"
    sentence = "There is no keystore at {path}."
    remedy = "Make one with `atoll init`, or check the path in atoll.toml."


class KeystoreExists(ConflictError):
    """A keystore is already there and would be lost."""

    code = "keystore.exists"
    sentence = "There is already a keystore at {path}."
    remedy = "Keep it: without it the organisation loses its keys. Move it away first if you mean to start anew."


class KeystoreExposed(AccessError):
    """Others can read or replace the file."""

    code = "keystore.exposed"
    sentence = "The keystore at {path} is not private: {problem}."
    remedy = "Make it a plain file of the node's own user with mode 0600, and rotate its keys if others may have read it."


class KeystoreUnavailable(UnavailableError):
    """The disk did not take or give the file."""

    code = "keystore.unavailable"
    sentence = "The keystore at {path} cannot be {action}: {reason}."
    remedy = "Check the disk and the permissions of the folder; a half-written keystore is never left there."


class CertificateUnfit(IntegrityError):
    """A TLS certificate that must not be used for this organisation now."""

    code = "tls.certificate_unfit"
    status = 403
    sentence = "The TLS certificate cannot be used for {organisation}: {problem}."
    remedy = "Make a new TLS key and register it with the organisation's identity key."


class InviteMalformed(InputError):
    """The text is not an invite token, or a character was lost."""

    code = "invite.malformed"
    sentence = "This is not an invite token: {problem}."
    remedy = "Copy the whole token again, from `atoll-invite-1-` to its last character."


class InviteRefused(AccessError):
    """The invite is not for this organisation, key or consortium, or it is too late."""

    code = "invite.refused"
    sentence = "The invite cannot be used: {problem}."
    remedy = "Ask a member for a new invite, for your organisation's name and the fingerprint of its identity key."
