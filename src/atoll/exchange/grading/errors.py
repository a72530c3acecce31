"""What can be wrong with a table of levels, and with what a person says against one."""

from __future__ import annotations

from atoll.errors import InputError, NotFoundError


class BadLevelTable(InputError):
    """A file that should be a table of levels is none; a table that is half understood would grade too low."""

    code = "grading.bad_table"
    sentence = "The table of levels cannot be used: {reason}."
    remedy = "Compare it with `atoll grade tables`; the how-to on grading shows a whole file."


class UnknownLevelTable(NotFoundError):
    """A table of levels is named that this node does not have."""

    code = "grading.unknown_table"
    sentence = "This node has no table of levels {table}; it has {known}."
    remedy = "Name one of these, or put the file into the folder `levels` of the node's home."


class UnknownClass(InputError):
    """A class is said of a column or dataset that the table of levels does not have: nobody could tell its level."""

    code = "grading.unknown_class"
    sentence = "The table {table} has no class {name}; it has {known}."
    remedy = "Name one of these; `atoll grade tables` lists them."


class LoweredWithoutReason(InputError):
    """A person gives a column a lower level than the detectors or its declared classes, and does not say why."""

    code = "grading.needs_reason"
    sentence = "What was found in {column}, or is said of it, gives level {found}; level {said} is lower and has no reason."
    remedy = "Give --reason, which stands on the card; or leave the level out, and it is the one that was found."


class UnknownHarm(InputError):
    """Harm to something, or of a degree, that the table of levels does not know."""

    code = "grading.unknown_harm"
    sentence = "The table {table} knows no harm {harm}; it knows {known}."
    remedy = "`atoll grade tables` lists them; write WHOM=DEGREE, such as public-interest=serious."
