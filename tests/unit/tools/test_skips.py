"""A test may be skipped only for a reason on the list, and not at all for a thing that ATOLL_REQUIRE names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.requirements import atoll_require, judge_skip, load_skips, required_names

ALLOWED = {"vectors": "not here"}

TESTS = """
import pytest
from tests.requirements import atoll_require

def test_listed():
    atoll_require("vectors", present=False)

def test_present():
    atoll_require("vectors", present=True)

def test_unlisted():
    pytest.skip("not today")

@pytest.mark.skipif(True, reason="neither here")
def test_unlisted_by_mark():
    pass

@pytest.mark.xfail(reason="known", strict=True)
def test_expected_failure():
    assert False
"""


def run(folder: Path, source: str, required: str = "") -> str:
    """What pytest prints about a small suite under the project's own rules."""
    (folder / "test_small.py").write_text(source)
    (folder / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "tests.conftest", "-c", folder / "pytest.ini", folder],
        env=os.environ | {"ATOLL_REQUIRE": required, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def outcomes(output: str) -> dict[str, str]:
    return dict(re.findall(r"::(test_\w+) ([A-Z]+) ", output))


def test_skips_are_judged_in_a_run(tmp_path: Path) -> None:
    expected = {
        "test_listed": "SKIPPED",
        "test_present": "PASSED",
        "test_unlisted": "FAILED",
        "test_unlisted_by_mark": "ERROR",
        "test_expected_failure": "XFAIL",
    }
    assert outcomes(run(tmp_path, TESTS)) == expected
    assert outcomes(run(tmp_path, TESTS, required="vectors")) == expected | {"test_listed": "FAILED"}


def test_a_whole_file_that_is_skipped_is_judged_too(tmp_path: Path) -> None:
    found = run(tmp_path, "import pytest\npytest.importorskip('no_such_module')\ndef test_a(): pass\n")
    assert "1 error" in found
    assert "tests/skips.toml does not list" in found


def test_only_a_listed_reason_may_stand() -> None:
    assert judge_skip("Skipped: vectors: not here", ALLOWED, frozenset()) == ""
    assert "does not list" in judge_skip("Skipped: network: down", ALLOWED, frozenset())
    assert "ATOLL_REQUIRE holds vectors" in judge_skip("vectors: not here", ALLOWED, frozenset({"vectors"}))
    assert judge_skip("vectors: not here", ALLOWED, frozenset({"netns"})) == ""


def test_required_names_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATOLL_REQUIRE", "vectors, netns,")
    assert required_names() == {"vectors", "netns"}
    monkeypatch.delenv("ATOLL_REQUIRE")
    assert required_names() == frozenset()


def test_every_listed_skip_gives_its_reason() -> None:
    assert all(len(reason) > 20 for reason in load_skips().values())


def test_a_requirement_that_is_not_on_the_list_is_an_error() -> None:
    with pytest.raises(KeyError):
        atoll_require("no-such-name", present=False)
