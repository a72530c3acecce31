"""Rules for every test: skips are on a list (`tests/requirements.py`); documentation that nobody runs is named."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator, Iterator
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings

from tests.docs.snippets import find_unrun
from tests.requirements import judge_skip, load_skips, required_names

settings.register_profile("the same every time", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("by chance", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("by chance" if os.environ.get("ATOLL_BY_CHANCE") else "the same every time")
"""How long an example takes says how busy the machine is. `make long` looks for examples that nobody has seen."""

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return _judged(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _judged(report)


def _judged(report: Report) -> Report:
    """The same report, failed where its skip is not allowed; expected failures are not skips."""
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        problem = judge_skip(reason, load_skips(), required_names())
        if problem:
            report.outcome, report.longrepr = "failed", problem
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if any(report.nodeid.startswith("tests/docs/") for report in terminalreporter.stats.get("passed", [])):
        for line in find_unrun():
            terminalreporter.write_line(f"documentation not executed: {line}")


@pytest.fixture
def processors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The processors for this test alone, as far as it is up to tests that ask for it: other workers' wait."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with (shared / "processors.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
