"""A question to the catalogue, and the place in the list of answers where a page begins."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, replace

from atoll.exchange.catalogue.errors import BadQuery
from atoll.exchange.catalogue.words import is_dense, words

MAX_PAGE = 100
MAX_TEXT = 200
MAX_TERMS = 20
MAX_PAGE_NUMBER = 10_000
_FIRST_WHOLE = 3
"""A shorter word must stand as it is; from here on it may be the beginning of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is looked for; what is empty asks for nothing. All of it must hold."""

    text: str = ""
    """Words; each stands somewhere in what is known of the dataset, or begins a word that does."""
    classes: tuple[str, ...] = ()
    """Axis, value, or axis:value; all of them."""
    semantics: tuple[str, ...] = ()
    """Columns of all these meanings."""
    owners: tuple[str, ...] = ()
    """Registered by one of them."""
    states: tuple[str, ...] = ()
    """In one of these states."""
    least_level: int = 1
    most_level: int = 6
    worst_grade: int = 0
    """1 to 5: an opinion of its quality stands, and is no worse; 0 asks for none."""
    third_party: bool = False
    """That opinion is a third party's."""
    rules: tuple[str, ...] = ()
    """It has a column that may be compared under one of these rules."""
    not_owner: str = ""
    """Registered by somebody else than this one."""
    now: int = 0
    """Time at which columns may be compared, Unix seconds."""
    limit: int = MAX_PAGE
    """Answers on a page."""
    page: int = 1
    """Pages before this one are passed over; only where there is no cursor."""
    after: str = ""
    """Cursor from the page before: steady, whatever is registered meanwhile."""

    def verify(self) -> None:
        """Refuse what has no answer.

        Raises:
            BadQuery: with the reason.
        """
        if len(self.text) > MAX_TEXT:
            raise BadQuery(reason=f"more than {MAX_TEXT} characters of text")
        if self.text.strip() and not words(self.text):
            raise BadQuery(reason="the text holds no word")
        if max(map(len, (self.classes, self.semantics, self.owners, self.states, words(self.text)))) > MAX_TERMS:
            raise BadQuery(reason=f"more than {MAX_TERMS} values or words of one kind")
        for what, value, least, most in (
            ("the page's length", self.limit, 1, MAX_PAGE),
            ("the page", self.page, 1, MAX_PAGE_NUMBER),
            ("a level", self.least_level, 1, 6),
            ("a level", self.most_level, 1, 6),
            ("a grade", self.worst_grade, 0, 5),
        ):
            if not least <= value <= most:
                raise BadQuery(reason=f"{what} is {least} to {most}")

    def ranges(self) -> tuple[tuple[str, str], ...]:
        """For each word the first word that it stands for, and the first after it that it does not stand for."""
        return tuple(
            (one, one + ("\U0010ffff" if is_dense(one) or len(one) >= _FIRST_WHOLE else "\0")) for one in self._words()
        )

    def _words(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(words(self.text)))

    def digest(self) -> str:
        """Of what is looked for, whatever page of it: a cursor belongs to one question."""
        asked = replace(self, limit=1, page=1, after="", now=0)
        return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Place:
    """The last answer of a page, in the order of all: best score, newest block, name."""

    score: int
    height: int
    dataset: str


def encode_cursor(query: Query, place: Place) -> str:
    """The cursor of the page after `place`."""
    text = f"{query.digest()} {place.score} {place.height} {place.dataset}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def parse_cursor(query: Query) -> Place | None:
    """Where the page that a query asks for begins; None for the start.

    Raises:
        BadQuery: the cursor is none, or of another question.
    """
    if not query.after:
        return None
    try:
        text = base64.b64decode(query.after + "=" * (-len(query.after) % 4), altchars=b"-_", validate=True).decode()
        digest, score, height, dataset = text.split(" ")
        place = Place(int(score), int(height), dataset)
        if max(abs(place.score), abs(place.height)) < 1 << 62 and digest == query.digest():
            return place
    except (ValueError, binascii.Error):
        pass
    raise BadQuery(reason="the cursor is not one of this question; begin again without it")
