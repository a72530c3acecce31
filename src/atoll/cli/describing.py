"""What a person says of a dataset's columns and offers, as it is typed."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from atoll.api.models import RegisterColumn
from atoll.cli.errors import BadArgument
from atoll.cli.files import read_text

COMPARED = "after-join"
"""What a column must allow to be a key: its value may be seen for rows that another party's rows matched."""
LEVELS = {"1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6, "G1": 1, "G2": 2, "G3": 3, "G4": 4, "IMPORTANT": 5, "CORE": 6}
_ONE = r"(?:exposure|level|rule|means|class|until)=[^,=]+"
_SETTINGS = re.compile(f"{_ONE}(?:,{_ONE})*")


def parse_key(text: str) -> RegisterColumn:
    """`customer_id=national-id/1`.

    Raises:
        BadArgument: another form.
    """
    name, _, rule = text.partition("=")
    if not name or not rule:
        raise BadArgument(what=f"--key {text}", reason="it reads COLUMN=RULE, such as customer_id=national-id/1")
    return RegisterColumn(name=name, exposure=COMPARED, normalisation=rule)


def parse_column(text: str) -> RegisterColumn:
    """`phone:exposure=after-join,rule=phone-e164/1,level=3,means=phone,class=personal:general,until=2027-06-30`.

    Raises:
        BadArgument: another form.
    """
    found = re.fullmatch(rf"(.+?):({_SETTINGS.pattern})", text)
    if found is None:
        reason = "it reads COLUMN:exposure=...,rule=...,level=...,means=...,class=...,until=..., with one of these or more"
        raise BadArgument(what=f"--column {text}", reason=reason)
    given = [one.split("=", 1) for one in found[2].split(",")]
    said: dict[str, str] = {name: value for name, value in given if name != "class"}
    fields: dict[str, Any] = {"classes": sorted({value for name, value in given if name == "class"})}
    if "level" in said:
        fields["level"] = parse_level(said["level"])
    if "until" in said:
        fields["exposure_until"] = parse_day(said["until"])
    return RegisterColumn(
        name=found[1],
        semantics=said.get("means", ""),
        exposure=said.get("exposure", "hidden"),
        normalisation=said.get("rule", ""),
        **fields,
    )


def parse_level(text: str) -> int:
    """`3`, `G3`, `important`.

    Raises:
        BadArgument: no level.
    """
    found = LEVELS.get(text.upper())
    if found is None:
        raise BadArgument(what=text, reason="a level is one of G1, G2, G3, G4, important, core")
    return found


def parse_day(text: str) -> int:
    """The last second of a day in UTC, `2027-06-30`.

    Raises:
        BadArgument: no day.
    """
    try:
        return int(datetime.combine(date.fromisoformat(text), time(23, 59, 59), UTC).timestamp())
    except ValueError as err:
        raise BadArgument(what=text, reason="a day reads 2027-06-30") from err


def parse_continuation(text: str) -> tuple[str, str]:
    """CONSORTIUM=SIGNATURE, as `duplicate sign` prints it.

    Raises:
        BadArgument: of another form.
    """
    origin, _, signature = text.partition("=")
    if not origin or not signature:
        raise BadArgument(what=text, reason="a continuation reads CONSORTIUM=SIGNATURE")
    return origin, signature


def parse_offer(path: Path) -> dict[str, Any]:
    """An ODRL offer in a JSON file; the node reads it in the closed profile.

    Raises:
        BadArgument: no JSON object.
    """
    try:
        found = json.loads(read_text(path))
    except ValueError as err:
        raise BadArgument(what=str(path), reason="it is no JSON document") from err
    if not isinstance(found, dict):
        raise BadArgument(what=str(path), reason="an offer is a JSON object")
    return found
