"""Building CometBFT: what `make cometbft` says where there is no Go."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def build(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script on a copy of its sources, with a PATH that has no Go."""
    shutil.copytree(ROOT / "tools" / "cometbft", folder / "tools" / "cometbft")
    shutil.copy(ROOT / "tools" / "cometbft.sh", folder / "tools" / "cometbft.sh")
    programs = folder / "programs"
    programs.mkdir()
    for name in ("bash", "dirname", "env"):
        (programs / name).symlink_to(shutil.which(name) or "")
    return subprocess.run(
        [folder / "tools" / "cometbft.sh", *arguments],
        env=os.environ | {"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_go_it_says_so_and_how_to_get_it(tmp_path: Path) -> None:
    result = build(tmp_path)
    assert result.returncode == 1
    assert "error: no Go found" in result.stderr
    assert "hint: install Go" in result.stderr


def test_make_test_goes_on_without_go_and_says_what_is_left_out(tmp_path: Path) -> None:
    result = build(tmp_path, "if-possible")
    assert result.returncode == 0
    assert "left out" in result.stderr


@pytest.mark.parametrize("name", ["go.mod", "go.sum"])
def test_the_version_is_pinned_and_its_sources_are_named_by_digest(name: str) -> None:
    assert "github.com/cometbft/cometbft v0.38.25" in (ROOT / "tools" / "cometbft" / name).read_text()
