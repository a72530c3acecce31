"""What can be wrong with what other consortia show."""

from __future__ import annotations

from atoll.errors import InputError, IntegrityError, UnavailableError


class BadAgreement(InputError):
    """The agreement between consortia cannot be used."""

    code = "foreign.bad_agreement"
    sentence = "The agreement between consortia cannot be used: {reason}."
    remedy = "It must be the same file, byte for byte, at every consortium; see specs/cross-consortium.md."


class UnknownConsortium(IntegrityError):
    """A bundle is of a ledger that the agreement does not name: nothing follows from it."""

    code = "foreign.unknown_origin"
    sentence = "{origin} is not one of the consortia of the agreement."
    remedy = "Nothing is said about duplicates there. Ask the consortia to agree on a new list."


class BadBundle(IntegrityError):
    """A bundle does not prove what it says, or says nothing that can be believed: forged, cut, or of another question."""

    code = "foreign.bad_bundle"
    sentence = "The bundle of {origin} is refused: {reason}."
    remedy = "Nothing is said about duplicates there; ask again. If it goes on, ask that consortium's operator."


class StaleBundle(UnavailableError):
    """A bundle is older than the agreement allows: that something was absent then says nothing of now."""

    code = "foreign.stale"
    sentence = "What {origin} shows was cosigned {seconds} seconds ago; at most {most} are allowed."
    remedy = "Ask again; if it goes on, the other consortium's log is not being cosigned."
