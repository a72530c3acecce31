"""Three-valued logic: the one place that says what becomes of what cannot be said.

A condition is True (it holds for everything that was observed), False (it holds for none of it) or None: nobody can say,
because nothing was observed, because the words are not understood, or because it holds for some of what was observed and not
for the rest. A permission needs True. A prohibition covers unless it is False, and so does the condition of a duty. So None
denies, wherever it stands.

    and          False if one is False; else None if one is None; else True      (Kleene)
    or           True if one is True; else None if one is None; else False       (Kleene)
    xone         False if two are True; else None if one is None; else whether one is True
    andSequence  the first that is not True, in order; else True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from atoll.policy.odrl.model import Join

Truth: TypeAlias = bool | None
"""True, False, or None where it cannot be said."""


def all_of(truths: Iterable[Truth]) -> Truth:
    """Conjunction; True of nothing.

    >>> all_of([True, None]), all_of([None, False]), all_of([])
    (None, False, True)
    """
    answer: Truth = True
    for one in truths:
        if one is False:
            return False
        if one is None:
            answer = None
    return answer


def any_of(truths: Iterable[Truth]) -> Truth:
    """Disjunction; False of nothing."""
    answer: Truth = False
    for one in truths:
        if one is True:
            return True
        if one is None:
            answer = None
    return answer


def one_of(truths: Iterable[Truth]) -> Truth:
    """Exactly one. What cannot be said might be a second one, so it makes the whole unsaid.

    >>> one_of([True, None]), one_of([True, True, None]), one_of([True, False])
    (None, False, True)
    """
    listed = list(truths)
    if listed.count(True) > 1:
        return False
    return None if None in listed else True in listed


def in_sequence(truths: Iterable[Truth]) -> Truth:
    """One after the other: the first that is not True decides.

    >>> in_sequence([True, None, False]), in_sequence([True, False, None])
    (None, False)
    """
    return next((one for one in truths if one is not True), True)


JOINED: dict[Join, Callable[[Iterable[Truth]], Truth]] = {
    Join.AND: all_of,
    Join.OR: any_of,
    Join.XONE: one_of,
    Join.AND_SEQUENCE: in_sequence,
}
"""What a group makes of its members."""
