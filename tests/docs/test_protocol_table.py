"""The page on choosing an intersection says what the adapters say."""

from __future__ import annotations

from atoll.jobs.intersection.protocols import PROTOCOLS
from tools.docs_protocols import PAGE, TABLES, names_in, rewrite


def test_the_page_says_what_the_code_says() -> None:
    page = PAGE.read_text("utf-8")
    assert rewrite(page) == page, "run `python -m tools.docs_protocols`"


def test_every_table_is_on_the_page_and_every_protocol_in_every_table() -> None:
    page = PAGE.read_text("utf-8")
    assert sorted(names_in(page)) == sorted(TABLES)
    for name, write in TABLES.items():
        assert [one for one in PROTOCOLS if f"`{one}`" not in write()] == [], name
