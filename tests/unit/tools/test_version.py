"""There is one version number; the three files that must state it agree."""

from __future__ import annotations

import tomllib
from pathlib import Path

import atoll

ROOT = Path(__file__).parents[3]


def test_package_wheel_and_crates_state_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    crates = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    assert atoll.__version__ == project == crates
