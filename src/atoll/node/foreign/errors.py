"""What can go wrong between a registration and other consortia."""

from __future__ import annotations

from atoll.errors import ConflictError, InputError, NotFoundError, UnavailableError


class BadForeignSettings(InputError):
    """The section [foreign] of the configuration cannot be used."""

    code = "foreign.bad_settings"
    sentence = "The section [foreign] cannot be used: {reason}."
    remedy = "`agreement` names the consortia's agreement and `key` the file of `atoll duplicate key`; see the how-to."


class NoForeignAgreement(NotFoundError):
    """This node checks no duplicates across consortia."""

    code = "foreign.not_here"
    sentence = "This node has no agreement with other consortia."
    remedy = "The section [foreign] of atoll.toml names one."


class ForeignNotOpen(UnavailableError):
    """The ledger does not hold the agreement that this node has."""

    code = "foreign.not_open"
    sentence = "The ledger holds {found}, not the agreement that this node's [foreign] names."
    remedy = (
        "The members decide on it, by `atoll duplicate open`; all nodes and all consortia need the same file, byte for byte. "
        "Where they have ended it, take [foreign] out of atoll.toml."
    )


class ForeignNeeded(UnavailableError):
    """The ledger asks for a confirmed claim, and this node cannot make one."""

    code = "foreign.needed"
    sentence = "The ledger wants {count} other consortia to be asked, and this node has not what it takes."
    remedy = "The section [foreign] of atoll.toml needs `agreement` and `key`; see the how-to on duplicates across consortia."


class ForeignDuplicate(ConflictError):
    """Another consortium had the content before; nothing was registered."""

    code = "foreign.duplicate"
    sentence = "The content of {dataset} was first registered in {origin}, seen there before it was seen here."
    remedy = (
        "Nothing was registered. If it is this organisation's own there, have its node sign for it (`atoll duplicate sign`) "
        "and register with --continues; else `atoll duplicate show` has the proofs of both, to settle it with."
    )


class ForeignSilent(UnavailableError):
    """Another consortium has shown nothing that can be believed; the registration waits, and nothing is taken for granted."""

    code = "foreign.silent"
    sentence = "{dataset} is not registered yet: still waiting for {reason}."
    remedy = (
        "Register again: it goes on where it is. Without an answer the reservation expires; silence never counts as absence."
    )


class ForeignBusy(ConflictError):
    """Another member of this consortium is asking about the same content right now."""

    code = "foreign.busy"
    sentence = "{org} has reserved the same content until {until}."
    remedy = "Register again later: by then it is confirmed, or free."


class ForeignUnreachable(UnavailableError):
    """None of another consortium's nodes has answered with anything."""

    code = "foreign.unreachable"
    sentence = "No node of {origin} answers: {reason}."
    remedy = "It is asked again by itself; see that the addresses in the agreement are right."
