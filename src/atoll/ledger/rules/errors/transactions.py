"""Why any transaction may be refused: its form, its signature, its sender, its time, or what it names."""

from __future__ import annotations

from atoll.errors import RuleError


class BadTransaction(RuleError):
    """The bytes are not a transaction: not strict CBOR, not the envelope's form, an unknown field, or a field out of bounds."""

    code = "ledger.malformed"
    number = 1
    sentence = "The transaction cannot be read: {reason}."
    remedy = "Make the transaction with a client of the same version as the consortium's rules."


class UnknownType(RuleError):
    """The rules in force have no such transaction."""

    code = "ledger.unknown_type"
    number = 2
    sentence = "The rules in force know no transaction of type {type}."
    remedy = "Compare `atoll ledger show chain/0` (rules_version) with your version's."


class BadSignature(RuleError):
    """The signature does not fit the bytes, the sender, or the sender's registered key."""

    code = "ledger.bad_signature"
    number = 3
    sentence = "The signature is not that of {sender}'s identity key valid at this height."
    remedy = "Sign with the current identity key; `atoll consortium members` shows its version."


class StaleNonce(RuleError):
    """The sender has already used this nonce or a greater one: a replay, or two nodes with one key."""

    code = "ledger.stale_nonce"
    number = 4
    sentence = "Nonce {nonce} was used before; the next one is at least {least}."
    remedy = "Submit it again with a fresh nonce. Two nodes must never share one identity key."


class ExpiredTransaction(RuleError):
    """The transaction's expiry height has passed."""

    code = "ledger.expired"
    number = 5
    sentence = "The transaction expired at height {expiry}; this is height {height}."
    remedy = "Submit it again."


class NotMember(RuleError):
    """The sender is not an active member."""

    code = "ledger.not_member"
    number = 6
    sentence = "{org} is not an active member of this consortium."
    remedy = "Enrol with an invitation, or ask why the membership was suspended."


class NotAllowed(RuleError):
    """The sender may not do this: it is not the owner, not a party, or lacks the role."""

    code = "ledger.not_allowed"
    number = 7
    sentence = "{org} may not do this: {reason}."
    remedy = "The transaction must be sent by the organisation that the rule names."


class Unknown(RuleError):
    """The transaction names something the ledger does not hold."""

    code = "ledger.unknown"
    number = 8
    sentence = "The ledger holds no {what} {name}."
    remedy = "Check the identifier; it may not have been registered yet."


class AlreadyExists(RuleError):
    """The transaction would make something that exists."""

    code = "ledger.exists"
    number = 9
    sentence = "The ledger already holds {what} {name}."
    remedy = "Use another identifier, or a new version of the same dataset."


class WrongState(RuleError):
    """The record exists, but in a state that does not allow this."""

    code = "ledger.wrong_state"
    number = 10
    sentence = "{what} {name} is {state}; this needs {needed}."
    remedy = "Look at the record's history: `atoll ledger show`."


class DeadlinePassed(RuleError):
    """Something came too late."""

    code = "ledger.too_late"
    number = 14
    sentence = "{what} ended at {deadline}; it is {now}."
    remedy = "Propose a new job with a later deadline."


class TooEarly(RuleError):
    """Something came before it may act."""

    code = "ledger.too_early"
    number = 15
    sentence = "{what} acts from {at}; it is {now}."
    remedy = "Wait; the delay is what protects the owner of the key."


class BadApproval(RuleError):
    """A second signature that the rule demands is missing or wrong."""

    code = "ledger.bad_approval"
    number = 16
    sentence = "This needs {needed}; {found} valid."
    remedy = "Collect the signatures named in SECURITY 3.6."


class BadKey(RuleError):
    """A key may not be registered: not canonical, of small order, or in use already."""

    code = "ledger.bad_key"
    number = 17
    sentence = "The {purpose} key cannot be registered: {reason}."
    remedy = "Make a new key pair with `atoll key rotate`."
