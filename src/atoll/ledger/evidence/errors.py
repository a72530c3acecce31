"""What can be wrong with a bundle, a trust file, or an export. Every refusal of a bundle names the entry it is about."""

from __future__ import annotations

from typing import Any, Protocol, Self

from atoll.errors import InputError, IntegrityError, NotFoundError, UnavailableError


class Numbered(Protocol):
    """An entry, as an error sees it."""

    @property
    def number(self) -> int: ...

    @property
    def name(self) -> str: ...


class EvidenceError(IntegrityError):
    """A bundle does not prove what it says; `.entry` is the number of the entry at fault, `.name` its name."""

    entry: int
    name: str

    @classmethod
    def at(cls, entry: Numbered, **operands: Any) -> Self:
        """This error about an entry."""
        return cls(entry=entry.number, name=entry.name, **operands)


class DamagedBundle(EvidenceError):
    """An entry is not what was written: its digest does not fit. Entry 0 is the list of contents itself."""

    code = "evidence.damaged"
    sentence = "Entry {entry} (`{name}`) of the evidence bundle is damaged: {reason}."
    remedy = "Get the bundle again from whoever exported it; if it is damaged again, somebody changes it on the way."


class MalformedEntry(EvidenceError):
    """An entry is whole, but not of its form."""

    code = "evidence.malformed"
    sentence = "Entry {entry} (`{name}`) of the evidence bundle cannot be read: {reason}."
    remedy = "Ask the exporter for a bundle made by the same version as this verifier; an honest one verifies what it exports."


class ForeignConsortium(EvidenceError):
    """The bundle is of another consortium than the trust file, however consistent it is in itself."""

    code = "evidence.foreign_consortium"
    sentence = "Entry {entry} (`{name}`): this bundle is not of the consortium {chain_id} that your trust file names: {reason}."
    remedy = "Never take the trust file from whoever hands you the bundle; get it from a founder, in person."


class NoQuorum(EvidenceError):
    """Too few of the members that count stand for a checkpoint."""

    code = "evidence.no_quorum"
    sentence = "Entry {entry} (`{name}`): {needed} validating members must stand for it, and {found} do ({cosigners})."
    remedy = "Export again from a checkpoint that a quorum has cosigned. The sequencer's own cosignature never counts."


class BadEvidenceSignature(EvidenceError):
    """A signature does not hold."""

    code = "evidence.bad_signature"
    sentence = "Entry {entry} (`{name}`) is not signed as it should be: {reason}."
    remedy = "Do not rely on the bundle; keep it for the auditor."


class KeyNotInForce(EvidenceError):
    """A signer's key, or the signer's membership, was not in force at the height at which it signed."""

    code = "evidence.not_in_force"
    sentence = "Entry {entry} (`{name}`): {reason}."
    remedy = "What was signed then does not bind; ask the organisation for what it signed while the key was in force."


class NotProven(EvidenceError):
    """A proof does not lead where it should."""

    code = "evidence.not_proven"
    sentence = "Entry {entry} (`{name}`) is not proved: {reason}."
    remedy = "Do not rely on the bundle; keep it for the auditor."


class RefusedTransaction(EvidenceError):
    """A transaction is presented as carried out, and the ledger refused it."""

    code = "evidence.refused_transaction"
    sentence = "Entry {entry} (`{name}`) is on the ledger, but was refused there by rule {number}; it had no effect."
    remedy = "Do not rely on the bundle: it presents as done what was refused."


class Contradiction(EvidenceError):
    """Two parts of the bundle, each genuine, do not belong together."""

    code = "evidence.contradiction"
    sentence = "Entry {entry} (`{name}`) contradicts the rest: {reason}."
    remedy = "Do not rely on the bundle; it was put together from parts of different jobs, or the ledger contradicts itself."


class IncompleteEvidence(EvidenceError):
    """Something needed is not in the bundle; `.entry` is 0, `.name` what is missing."""

    code = "evidence.incomplete"
    sentence = "The evidence bundle lacks the entry `{name}`."
    remedy = "Ask the exporter for the whole bundle."

    def __init__(self, *, name: str) -> None:
        super().__init__(entry=0, name=name)


class UnexpectedEntry(EvidenceError):
    """An entry that nothing in the bundle calls for."""

    code = "evidence.unexpected"
    sentence = "Entry {entry} (`{name}`) has no place in this evidence bundle."
    remedy = "Get the bundle again; a bundle holds what is verified and nothing else."


class WrongOpening(IntegrityError):
    """A result does not fit the commitment that the receipts hold."""

    code = "evidence.wrong_opening"
    sentence = "The result and its opening do not fit the commitment that the participants of job {job} signed."
    remedy = "This is not the result that was computed, or not its opening; ask the receiver for both again."


class TrustFileError(InputError):
    """A trust file cannot be used."""

    code = "evidence.trust_file"
    sentence = "The trust file cannot be used: {reason}."
    remedy = "Get it again from a founder you know, in person; it is made by `atoll ledger trust`."


class NothingToExport(NotFoundError):
    """The agreed ledger holds no such job."""

    code = "evidence.no_job"
    sentence = "Up to block {height}, the agreed ledger holds no job {job}."
    remedy = "Check the identifier (`atoll job list`); a job proposed just now is in the next checkpoint."


class NoRights(NotFoundError):
    """There was no such right or lineage at this block."""

    code = "evidence.no_rights"
    sentence = "After block {height}, the agreed ledger holds no rights in {what}."
    remedy = "`atoll right list` names the rights there are; a lineage has rights from its first registration on."


class NotClosable(InputError):
    """What is to stay closed is not in the bundle; a misspelt name would open what it was meant to close."""

    code = "evidence.not_closable"
    sentence = "The bundle has no part `{name}` that could stay closed; it has: {choices}."
    remedy = "Write the name exactly as the bundle's list of contents would."


class NotExportable(UnavailableError):
    """The ledger cannot be made evidence of here and now."""

    code = "evidence.not_exportable"
    sentence = "The evidence cannot be exported: {reason}."
    remedy = "Try again after the next checkpoint, or at another member's node."
