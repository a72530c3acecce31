"""What the demo shows: lines that fit, a word for what became of each attack, and where to go on."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from atoll.cli.demo.command import CAST
from atoll.cli.demo.findings import Attack, Findings
from atoll.cli.demo.screen import NEXT, Screen, print_table, table_of

LONG = "with the keys of one organisation: propose one plan, and send another one, which differs in a letter, to the other side"


def test_long_lines_are_broken_below_their_first_word_at_a_terminal() -> None:
    shown = io.StringIO()
    screen = Screen(Console(file=shown, force_terminal=True, color_system=None, width=80, highlight=False))
    with screen.step(LONG):
        screen.note(LONG)
    lines = [one for one in shown.getvalue().splitlines() if one.startswith(" ") and "\x1b" not in one]
    assert max(map(len, lines)) <= 80
    assert sum(one.startswith("            ") for one in lines) >= 3
    assert " ".join(" ".join(lines).split()).count("differs in a letter, to the other side") == 2


def test_a_line_stays_whole_in_a_pipe() -> None:
    shown = io.StringIO()
    Screen(Console(file=shown, width=80, soft_wrap=True)).note(f"{LONG}; {CAST}")
    assert f"{LONG}; {CAST}" in shown.getvalue()


@pytest.mark.parametrize(("good", "said"), [(True, "survived"), (False, "NOT SURVIVED")])
def test_what_is_killed_survives_and_is_not_caught(good: bool, said: str) -> None:
    shown = io.StringIO()
    findings = Findings(attacks=[Attack(name="killed_node", caught=good, code="", seen="", good="survived")])
    Console(file=shown, width=120).print(table_of(findings))
    row = next(one for one in shown.getvalue().splitlines() if "killed node" in one)
    assert row.split("killed node")[1].strip() == said


def test_the_last_line_says_where_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(Findings())
    assert capsys.readouterr().out.splitlines()[-1] == f"next: {NEXT}"
