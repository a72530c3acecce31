"""What stands in examples/ runs as it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
@pytest.mark.usefixtures("processors")
def test_one_table_in_two_consortia_has_one_first_registrant() -> None:
    script = EXAMPLES / "two_consortia" / "run.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "west: registered\neast: foreign.duplicate\neast, another table: registered" in done.stdout
    assert "proof of west.example/bay: the content is confirmed there" in done.stdout


@pytest.mark.usefixtures("processors")
def test_five_agencies_find_out_whom_all_five_know() -> None:
    script = EXAMPLES / "five_agencies" / "run.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "completed: all five know 367 of the 2500 persons of pensions; in the clear: 367" in done.stdout
    assert "signed by health, housing, labour, pensions, taxes" in done.stdout
