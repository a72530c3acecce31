"""What each side learns beside its output, in words: one text for the plan, the command line and the documentation."""

from __future__ import annotations

from atoll.jobs.intersection.outputs import Join, Output
from atoll.jobs.intersection.protocols.adapter import Adapter
from atoll.jobs.intersection.shape import Shape

PAIR = 2
REPETITION = "Repeating the job on changed inputs shows the difference."


def output_words(shape: Shape) -> str:
    """What a receiver gets, whatever the protocol, in a clause."""
    other = "all others have" if shape.places > PAIR else "the owner has" if shape.receivers == 1 else "the other side has"
    noise = f", with noise for epsilon = {shape.epsilon_micro / 1e6:g}" if shape.epsilon_micro else ""
    match shape.output:
        case Output.IDENTIFIERS if shape.join is Join.ANTI:
            return f"which of its identifiers {other}, and so which not"
        case Output.IDENTIFIERS:
            return f"which of its identifiers {other} too"
        case Output.ROWS:
            return f"which of its rows have a key that {other} too, and the shown columns of the rows there with that key"
        case Output.CARDINALITY:
            return f"how many of its keys {other} too{noise}"
        case Output.SUM:
            return f"how many of its keys {other} too, and the sum of the owner's column over them"
        case Output.AGGREGATE | Output.COMPARISON | Output.COMPUTED:
            raise AssertionError("no intersection gives what programs give; `checking` refuses it")


def leakage_text(adapter: Adapter, shape: Shape) -> str:
    """The plan's statement. A plan says this text or it is refused."""
    one = "Each receiver" if shape.receivers > 1 else "The receiver"
    rest = "Every other side" if shape.places > PAIR else "The owner" if shape.receivers == 1 else "The other side"
    several = (
        f"Each of the {shape.receivers} receivers leads a run of its own, in which it alone gets a result; "
        "the first may leave with its own before the last begins."
    )
    sentences = [
        f"{one} learns {output_words(shape)}.",
        f"Beside that {'it' if shape.receivers == 1 else 'each'} learns {adapter.receiver_learns}.",
        f"{rest} learns {adapter.owner_learns}.",
        several if shape.receivers > 1 else "",
        duplicates_words(shape),
        adapter.caveat_of(shape),
        "All learn the time it takes, which in a large job lets them guess how much matched.",
        REPETITION,
    ]
    return " ".join(one for one in sentences if one)


def duplicates_words(shape: Shape) -> str:
    """What becomes of keys that several rows share, where it tells something."""
    if shape.output is Output.ROWS:
        return (
            "A key that several of the owner's rows share gives a line for each of them, as in SQL, "
            "so the receiver learns how many there are."
        )
    if shape.output is Output.SUM:
        return "Every row of the owner with a common key counts in the sum, as in SQL."
    return ""
