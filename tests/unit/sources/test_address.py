"""How a source is named."""

from __future__ import annotations

import pytest

from atoll.sources import Format, SourceAddress, parse_address
from atoll.sources.errors import BadAddress


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bank.csv", (Format.CSV, "bank.csv", None, ",")),
        ("year/2026/bank.CSV", (Format.CSV, "year/2026/bank.CSV", None, ",")),
        ("bank.tsv", (Format.CSV, "bank.tsv", None, "\t")),
        ("bank.csv?delimiter=semicolon", (Format.CSV, "bank.csv", None, ";")),
        ("bank.tsv?delimiter=pipe", (Format.CSV, "bank.tsv", None, "|")),
        ("csv:export.txt", (Format.CSV, "export.txt", None, ",")),
        ("csv:odd.parquet", (Format.CSV, "odd.parquet", None, ",")),
        ("bureau.parquet", (Format.PARQUET, "bureau.parquet", None, ",")),
        ("telecom.sqlite#subscribers", (Format.SQLITE, "telecom.sqlite", "subscribers", ",")),
        ("telecom.db#my table", (Format.SQLITE, "telecom.db", "my table", ",")),
        ("/srv/data/telecom.sqlite3#s", (Format.SQLITE, "/srv/data/telecom.sqlite3", "s", ",")),
    ],
)
def test_an_address_says_format_path_table_and_delimiter(text: str, expected: tuple[Format, str, str | None, str]) -> None:
    assert parse_address(text) == SourceAddress(text, *expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bank",
        "bank.xlsx",
        "https://example.org/bank.csv?x=1",
        "bank.csv#table",
        "telecom.sqlite",
        "telecom.sqlite#",
        "bank.csv?delimiter=;",
        "bank.csv?delimiter=space",
        "bank.parquet?delimiter=comma",
        "bank\n.csv",
        "bank\x00.csv",
        "b" * 1024 + ".csv",
        "json:bank.json",
    ],
)
def test_anything_else_is_no_address(text: str) -> None:
    with pytest.raises(BadAddress) as caught:
        parse_address(text)
    assert "\n" not in str(caught.value)
