"""What people write for limits: `10000/30d`, `20/day`, `1.0`."""

from __future__ import annotations

import re
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from enum import StrEnum
from typing import get_args

from atoll.api.models import CapInfo, CapModel, GrantInfo, OutputName
from atoll.cli.errors import BadArgument

MICRO = 1_000_000
"""Millionths in one."""
MOST_DAYS = 366
_PERIODS = {"day": 1, "week": 7, "month": 30, "year": 365}
_CAP = re.compile(r"([0-9]{1,12})/(?:([0-9]{1,3})d|(day|week|month|year))")
_WORDS = {"jobs": "jobs", "new-identifiers": "new identifiers", "rows": "rows"}
_COUNTED = {
    "runs": "every run counts its whole set",
    "versions": "a version of a set counts once in the period",
    "asserted": "a version counts what its owner says is new in it",
}


class Security(StrEnum):
    """As in `atoll.jobs.intersection`, which takes a quarter of a second to load; a test keeps the two alike."""

    SEMI_HONEST = "semi-honest"
    MALICIOUS = "malicious"


def parse_cap(option: str, text: str) -> CapModel:
    """A cap, `limit/period`: the period is so many days or a word.

    >>> parse_cap("--rate", "20/day"), parse_cap("--new-identifiers", "10000/30d")
    (CapModel(limit=20, days=1), CapModel(limit=10000, days=30))

    Raises:
        BadArgument: it is not of this form, or longer than a year.
    """
    found = _CAP.fullmatch(text)
    days = (int(found[2]) if found[2] else _PERIODS[found[3]]) if found else 0
    if found is None or not 1 <= days <= MOST_DAYS or int(found[1]) > 1 << 40:
        reason = f"it reads LIMIT/PERIOD, such as 20/day, 500/week or 10000/30d, at most {MOST_DAYS}d"
        raise BadArgument(what=option, reason=reason)
    return CapModel(limit=int(found[1]), days=days)


def parse_epsilon(option: str, text: str) -> int:
    """A privacy budget in millionths, what is finer left out.

    >>> parse_epsilon("--epsilon", "0.25")
    250000

    Raises:
        BadArgument: not a decimal number from 0 to 1000.
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or not 0 <= value <= 1000:
        raise BadArgument(what=option, reason="it is a decimal number from 0 to 1000, such as 1.0")
    return int((value * MICRO).to_integral_value(rounding=ROUND_FLOOR))


def parse_outputs(option: str, text: str) -> list[OutputName]:
    """Outputs with commas between.

    Raises:
        BadArgument: none, or one that is not known.
    """
    known = {str(one): one for one in get_args(OutputName)}
    names = [one.strip() for one in text.split(",") if one.strip()]
    if not names or not known.keys() >= set(names):
        raise BadArgument(what=option, reason=f"it lists some of {', '.join(known)}, with commas between")
    return [known[one] for one in names]


def in_epsilon(micro: int) -> str:
    """Millionths as a decimal number.

    >>> in_epsilon(250_000), in_epsilon(3_000_000)
    ('0.25', '3')
    """
    return f"{Decimal(micro) / MICRO:f}"


def describe_limits(grant: GrantInfo) -> list[tuple[str, str]]:
    """Caps and epsilon of a grant with what is left, for people."""
    pairs = [(_WORDS.get(one.unit, one.unit), _cap_in_words(one, grant.counting)) for one in grant.caps]
    if grant.epsilon_limit_micro:
        left, limit = in_epsilon(grant.epsilon_left_micro), in_epsilon(grant.epsilon_limit_micro)
        pairs.append(("epsilon", f"{left} of {limit} left"))
    for account in grant.budgets:
        whom = "of all recipients" if account.part == "all" else f"of {account.who}"
        pairs.append((f"cap on {account.unit}", f"{account.left} of {account.limit} left, {whom}"))
    if grant.order:
        pairs.append(("order", grant.order))
    return pairs


def _cap_in_words(cap: CapInfo, counting: str) -> str:
    days = "a day" if cap.days == 1 else f"in {cap.days} days"
    text = f"{cap.left} of {cap.limit} left {days}"
    return f"{text}; {_COUNTED.get(counting, counting)}" if cap.unit == "new-identifiers" else text
