"""The drawings in ARCHITECTURE.md are what the code is."""

from __future__ import annotations

import pytest

from atoll.ledger.records import JobState
from tools.docs_diagrams import DRAWINGS, PAGE, draw_states, names_in, redraw


def test_the_page_shows_what_the_code_is() -> None:
    page = PAGE.read_text()
    assert redraw(page) == page, "run `python -m tools.docs_diagrams`"


def test_every_drawing_is_on_the_page() -> None:
    assert sorted(names_in(PAGE.read_text())) == sorted(DRAWINGS)


def test_the_drawing_of_jobs_shows_every_state() -> None:
    drawing = DRAWINGS["job-states"]()
    assert [state for state in JobState if state not in drawing] == []


def test_a_life_cycle_is_its_longest_way_and_every_other_way_out() -> None:
    transitions = {("new", "open"): "open", ("open", "close"): "closed", ("new", "drop"): "gone"}
    assert draw_states(transitions) == "new --open--> open --close--> closed\n\nnew    drop -> gone\n"


def test_a_transition_that_the_page_does_not_show_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    page = PAGE.read_text()
    monkeypatch.setitem(DRAWINGS, "job-states", lambda: "another drawing\n")
    assert redraw(page) != page
