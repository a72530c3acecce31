"""What can go wrong while a secret program is written, traced, read or run. `line` names the place in the program's text."""

from __future__ import annotations

from atoll.errors import InputError, IntegrityError, PeerError


class ValueOverflow(InputError):
    """A step could give a number that does not fit the ring, so its result would silently be another number."""

    code = "programs.overflow"
    sentence = "{line}: the result of {operation} can lie anywhere from {low} to {high}: {bits} bits, and 63 are held."
    remedy = "Declare the inputs in a narrower range or with fewer bits after the point, or clip() before this line."


class WrongOperands(InputError):
    """An operation was given what it cannot work on."""

    code = "programs.wrong_operands"
    sentence = "{line}: {operation} cannot be done: {problem}."
    remedy = "Look the operation up in the table of operations; `x.shape` and `x.dtype` tell what a value is."


class DependsOnSecret(InputError):
    """Python was asked to look at a secret, as in `if x > 3:`; nobody can, the program runs without knowing values."""

    code = "programs.depends_on_secret"
    sentence = "{line}: {what} would need the value of a secret, which nobody knows while the program runs."
    remedy = "Compute both ways and choose with where(condition, one, other); loops run a public number of times."


class AuthorFault(InputError):
    """The text of a program raised an error of Python's while it was read or traced: its author's to mend."""

    code = "programs.author_fault"
    sentence = "{line}: {problem}."
    remedy = "Correct the text of the program at this line; Python run on the file by itself shows the whole trace."


class SizeMissing(InputError):
    """A program's columns have a named number of rows, and nobody says which number it is."""

    code = "programs.size_missing"
    sentence = "How many rows `{size}` stands for in program {program} is not said."
    remedy = "Say it: --size NAME=ROWS on the command line, trace(NAME=ROWS) in Python."


class UnknownSize(InputError):
    """A number of rows is given for a name that no column of the program has."""

    code = "programs.unknown_size"
    sentence = "Program {program} has no number of rows named {size}; it has {known}."
    remedy = "Correct the name, or leave it out."


class BadProgram(InputError):
    """What the program declares and what its function does are not the same."""

    code = "programs.bad_program"
    sentence = "Program {program} is not one that can be run: {problem}."
    remedy = "Compare @program(inputs=..., outputs=...) with the function's arguments and with what it returns."


class BadColumn(InputError):
    """An owner's column is not what the program declares it to be. Nothing of it has been shared."""

    code = "programs.bad_column"
    sentence = "Column {column} does not fit the program: {problem}."
    remedy = (
        "Correct the data, or declare the column as it is: its range, bits after the point, rows, and whether it has nulls."
    )


class BadGraph(IntegrityError):
    """The bytes of a program's graph are damaged, not of this version, or were made to deceive."""

    code = "programs.bad_graph"
    sentence = "The bytes are not a program graph that can be run: {problem}."
    remedy = "Ask its author for the program again and compare the digests; do not consent to this one."


class RangeBroken(PeerError):
    """An owner shared values outside of the range it had declared; found on shares, before anything was opened."""

    code = "programs.range_broken"
    sentence = "Values of column {column} do not lie in the range that the program declares, {dtype}."
    remedy = (
        "Its owner's node should have refused them: it is faulty or hostile. Do not run the program again before that is clear."
    )
    tells_of_rows = True
