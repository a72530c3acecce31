"""The reference of commands and of the API says what the code says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.api.routes import ROUTES
from tools.cli_docs import FOLDER, check_files, field_words, leaves, write_files

FILES = write_files()
ROOT = Path(__file__).parents[2]
SHARED = {"--help", "--json", "--home", "--url"}
OPTIONS = {
    one.path: one.options | {name for parameter in one.command.params for name in parameter.secondary_opts} for one in leaves()
}


def test_the_committed_files_are_up_to_date() -> None:
    assert list(check_files(FILES, FOLDER)) == []


def test_every_command_has_a_section_and_a_place_in_the_index() -> None:
    for leaf in leaves():
        assert f"\n## atoll {leaf.path}\n" in FILES["cli.md"]
        assert f"[{leaf.path}](#atoll-{leaf.path.replace(' ', '-')})" in FILES["cli.md"]


def test_every_option_is_described_or_explained_once() -> None:
    for leaf in leaves():
        section = FILES["cli.md"].split(f"\n## atoll {leaf.path}\n")[1].split("\n## ")[0]
        assert [one for one in leaf.options - {"--help"} if one not in section] == [], leaf.path


def test_every_route_is_described() -> None:
    for route in ROUTES:
        assert f"`{route.method} {route.path.replace(':path}', '}')}" in FILES["api.md"]


def test_what_a_model_s_source_says_of_a_field_is_in_the_page() -> None:
    assert field_words()["Status"]["quorum"] == "`3 of 4`."
    assert "| `quorum` | text | `3 of 4`. |" in FILES["api.md"]


def test_a_file_that_differs_is_named(tmp_path: Path) -> None:
    (tmp_path / "cli.md").write_text("something else")
    (tmp_path / "api.md").write_text(FILES["api.md"])
    assert [one.split(":")[0].split("/")[1] for one in check_files(FILES, tmp_path)] == ["cli.md", "openapi.json"]


NAMED = {
    "remedy": re.compile(r"`atoll ([^`]+)`"),
    "page": re.compile(r"`atoll ([^`]+)`|^(?:\\$ |    )?atoll (.*)$", re.MULTILINE),
}
"""How a command line stands in a remedy or docstring, and in a page."""


def named_commands() -> Iterator[tuple[str, str]]:
    """Every command line that a remedy, a docstring or a page names, with where it stands."""
    for path in sorted((ROOT / "src" / "atoll").rglob("*.py")):
        for found in NAMED["remedy"].finditer(path.read_text("utf-8")):
            yield str(path.relative_to(ROOT)), found[1]
    for path in [*sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("examples/**/*.md")), *ROOT.glob("*.md")]:
        for found in NAMED["page"].finditer(path.read_text("utf-8")):
            yield str(path.relative_to(ROOT)), found[1] or found[2]


def words_of(line: str) -> list[str]:
    """The words of the first command of a line, up to what is no word of it."""
    return re.split(r"[|#>;&]|\.\.\.", line)[0].replace("\\", " ").split()


def unknown(line: str) -> str:
    """What of a command line this version does not have; empty where it has all."""
    words = words_of(line)
    if not words or words[0].startswith("-") or words[0].isupper():
        return ""
    for length in (3, 2, 1):
        name = " ".join(words[:length])
        if name in OPTIONS:
            given = {one.partition("=")[0].rstrip(".,)'\"") for one in words[length:] if one.startswith("--")}
            return ", ".join(sorted(given - OPTIONS[name] - SHARED))
    group = " ".join(one for one in words if not one.startswith("-"))
    return "" if any(f"{one} ".startswith(f"{group} ") for one in OPTIONS) else f"no command {group}"


def test_every_command_that_a_remedy_or_a_page_names_is_there() -> None:
    named = list(named_commands())
    assert len(named) > 300
    assert [f"{place}: atoll {line}: {odd}" for place, line in named if (odd := unknown(line))] == []


@pytest.mark.parametrize("line", ["job why", "dataset contest bank/a/1", "job list --owner bank", "nothing"])
def test_a_command_that_is_not_there_is_noticed(line: str) -> None:
    assert unknown(line)
