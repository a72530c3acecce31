"""What is not needed is not loaded, so that the command line answers at once."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from atoll.version import VERSION

HEAVY = ("httpx", "pydantic", "rich", "fastapi", "uvicorn", "duckdb", "pyarrow", "cryptography", "atoll.client", "atoll.node")


def loaded_by(code: str) -> list[str]:
    """The heavy modules that are loaded after some code ran in a fresh interpreter."""
    probe = f"import sys\n{code}\nprint(*(one for one in {HEAVY!r} if one in sys.modules))"
    answer = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return answer.stdout.split()


def test_version_is_printed_within_a_moment() -> None:
    """Of processor time: how long that takes on a busy machine says nothing of this program."""
    times = []
    for _ in range(3):
        started = processor_seconds()
        answer = subprocess.run(
            [sys.executable, "-c", "from atoll.cli.main import run; run()", "--version"], capture_output=True
        )
        times.append(processor_seconds() - started)
        assert answer.stdout.decode() == f"atoll {VERSION}\n"
    assert min(times) < 0.5  # 0.1 s on a quiet machine


def processor_seconds() -> float:
    """Taken so far by the processes that were started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["grant"]])
def test_help_and_version_load_nothing_heavy(arguments: list[str]) -> None:
    code = "import contextlib, io; from atoll.cli.main import main\n"
    code += f"with contextlib.redirect_stdout(io.StringIO()): main({arguments})"
    allowed = {"grant": {"httpx", "rich", "pydantic", "atoll.client"}}.get(arguments[0], set())
    assert set(loaded_by(code)) - allowed == set()


def test_verifying_evidence_needs_neither_client_nor_node() -> None:
    code = "import contextlib, io; from atoll.cli.main import main\n"
    code += (
        "with contextlib.redirect_stderr(io.StringIO()): main(['evidence', 'verify', '/dev/null', '--trust', '/dev/null'])\n"
    )
    code += "import atoll.ledger.evidence"
    assert not set(loaded_by(code)) & {"httpx", "fastapi", "uvicorn", "duckdb", "atoll.client", "atoll.node"}


def test_the_package_alone_loads_nothing_heavy() -> None:
    assert loaded_by("import atoll; atoll.__version__") == []


def test_connect_is_found_in_the_package() -> None:
    assert "atoll.client" in loaded_by("import atoll; atoll.connect")


def test_a_name_that_the_package_does_not_have_is_refused() -> None:
    import atoll

    with pytest.raises(AttributeError, match="no attribute 'disconnect'"):
        atoll.disconnect  # noqa: B018 - the question is what it raises
