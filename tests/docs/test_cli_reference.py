"""The reference of commands and of the API says what the code says."""

from __future__ import annotations

from pathlib import Path

from atoll.api.routes import ROUTES
from tools.cli_docs import FOLDER, check_files, field_words, leaves, write_files

FILES = write_files()


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
