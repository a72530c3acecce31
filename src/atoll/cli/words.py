"""Times, sizes and other people's texts, as they appear on a terminal."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

SHOWN_DIGITS = 12
"""Digits of a digest in a table; `--json` has all of them."""
_UNIX_TIME = re.compile(r"\b[12][0-9]{9}\b")
_UNSHOWABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def iso(seconds: int) -> str:
    """A time in UTC, `2026-03-01T09:30:00Z`; a dash for none."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else "-"


def size(count: float) -> str:
    """A number of bytes, `1.2 MB`.

    >>> size(999), size(1_234_567)
    ('999 B', '1.2 MB')
    """
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} TB"


def duration(seconds: float) -> str:
    """A duration, `4.2 s`, `3 min 20 s`, `2 h 5 min`.

    >>> duration(4.21), duration(200), duration(7500)
    ('4.2 s', '3 min 20 s', '2 h 5 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def readable_times(text: str) -> str:
    """The same with Unix times as people read them, for texts that policy wrote for a program.

    >>> readable_times("1795299376 to 1795904176")
    '2026-11-21T22:16:16Z to 2026-11-28T22:16:16Z'
    """
    return _UNIX_TIME.sub(lambda found: iso(int(found[0])), text)


def short(digest: str) -> str:
    """The beginning of a digest, for a table."""
    return digest[:SHOWN_DIGITS]


def yes_no(value: bool) -> str:
    """A truth value in a table."""
    return "yes" if value else "no"


def listed(values: list[str] | tuple[str, ...], nothing: str = "-") -> str:
    """Names with commas between."""
    return ", ".join(values) or nothing


def clean(text: str) -> str:
    """Somebody else's text without what could steer a terminal or turn its direction.

    >>> clean("red" + chr(27) + "[31m")
    'red·[31m'
    """
    return "".join("·" if unicodedata.category(one) in _UNSHOWABLE and one != "\n" else one for one in text)
