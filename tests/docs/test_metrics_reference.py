"""The reference of metrics says what the data file says."""

from __future__ import annotations

from atoll.exchange.quality.metrics import packaged
from tools.docs_metrics import PAGE, write_page


def test_the_page_says_what_the_data_file_says() -> None:
    assert PAGE.read_text("utf-8") == write_page(packaged()), "run `python -m tools.docs_metrics`"


def test_every_metric_and_the_status_of_the_file_are_on_the_page() -> None:
    page = write_page(packaged())
    assert [one.id for one in packaged().metrics if f"`{one.id}`" not in page] == []
    assert packaged().status in page
