"""The slow oracles of `specs/reference`, loaded by file because they are not part of the package."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

REFERENCE = Path(__file__).resolve().parents[2] / "specs" / "reference"


def load_oracle(name: str) -> ModuleType:
    """The module `specs/reference/<name>.py`."""
    spec = importlib.util.spec_from_file_location(f"reference_{name}", REFERENCE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
