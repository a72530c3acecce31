"""The fence: nothing outside the data folders is opened, and nothing about it is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from atoll.sources import SourceRoot, parse_address
from atoll.sources.errors import SourceNotFound, SourceOutsideRoot, SourceUnreadable
from tests.unit.sources.desk import Desk


@pytest.fixture
def prey(desk: Desk) -> Path:
    path = desk.outside / "prey.csv"
    path.write_text("id\nsecret\n")
    return path


def read(desk: Desk, address: str) -> bytes:
    with desk.root.open(parse_address(address)).handle as handle:
        return handle.read()


def test_files_in_the_folder_and_below_are_opened(desk: Desk) -> None:
    (desk.data / "sub").mkdir()
    desk.write("sub/a.csv", "id\n1\n")
    for address in ("sub/a.csv", "./sub/../sub/a.csv", str(desk.data / "sub" / "a.csv")):
        assert read(desk, address) == b"id\n1\n"


def test_a_link_inside_the_folder_is_followed(desk: Desk) -> None:
    desk.write("a.csv", "id\n1\n")
    (desk.data / "link.csv").symlink_to("a.csv")
    assert read(desk, "link.csv") == b"id\n1\n"


@pytest.mark.parametrize(
    "path", ["../outside/prey.csv", "sub/../../outside/prey.csv", "{outside}/prey.csv", "../outside/nothing.csv"]
)
def test_paths_that_lead_out_are_refused_whether_or_not_they_lead_somewhere(desk: Desk, prey: Path, path: str) -> None:
    with pytest.raises(SourceOutsideRoot):
        read(desk, path.format(outside=desk.outside))


def test_links_that_lead_out_are_refused(desk: Desk, prey: Path) -> None:
    (desk.data / "file.csv").symlink_to(prey)
    (desk.data / "folder").symlink_to(desk.outside)
    (desk.data / "hop.csv").symlink_to(desk.data / "file.csv")
    for address in ("file.csv", "folder/prey.csv", "hop.csv"):
        with pytest.raises(SourceOutsideRoot):
            read(desk, address)


def test_a_sibling_whose_name_begins_like_the_folder_is_outside(desk: Desk) -> None:
    twin = desk.data.with_name("data-of-others")
    twin.mkdir()
    (twin / "a.csv").write_text("id\n1\n")
    with pytest.raises(SourceOutsideRoot):
        read(desk, "../data-of-others/a.csv")


@pytest.mark.parametrize("part", ["file", "folder"])
def test_a_link_swapped_in_after_the_check_is_not_followed(
    desk: Desk, prey: Path, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The check sees an innocent path, as it would a moment before the swap.
    monkeypatch.setattr(Path, "resolve", lambda self, strict=False: Path(os.path.normpath(self)))
    (desk.data / "prey.csv").symlink_to(prey)
    (desk.data / "folder").symlink_to(desk.outside)
    with pytest.raises(SourceOutsideRoot):
        read(desk, "prey.csv" if part == "file" else "folder/prey.csv")


def test_a_missing_file_inside_is_not_found(desk: Desk) -> None:
    with pytest.raises(SourceNotFound):
        read(desk, "missing.csv")


def test_a_circle_of_links_is_unreadable(desk: Desk) -> None:
    (desk.data / "a.csv").symlink_to("b.csv")
    (desk.data / "b.csv").symlink_to("a.csv")
    with pytest.raises(SourceUnreadable):
        read(desk, "a.csv")


def test_only_ordinary_files_are_sources(desk: Desk) -> None:
    (desk.data / "folder.csv").mkdir()
    os.mkfifo(desk.data / "pipe.csv")  # a blocking open would hang here
    for address in ("folder.csv", "pipe.csv"):
        with pytest.raises(SourceUnreadable, match="not an ordinary file"):
            read(desk, address)


def test_of_several_folders_the_first_that_has_the_file_serves_it(desk: Desk, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    (second / "a.csv").write_text("second")
    (second / "b.csv").write_text("second")
    desk.write("a.csv", "first")
    root = SourceRoot([desk.data, second])
    for address, expected in (("a.csv", b"first"), ("b.csv", b"second"), (str(second / "a.csv"), b"second")):
        with root.open(parse_address(address)).handle as handle:
            assert handle.read() == expected


def test_errors_tell_the_address_and_not_where_it_leads(desk: Desk, prey: Path) -> None:
    (desk.data / "file.csv").symlink_to(prey)
    with pytest.raises(SourceOutsideRoot) as caught:
        read(desk, "file.csv")
    assert caught.value.operands == {"address": "file.csv"}
