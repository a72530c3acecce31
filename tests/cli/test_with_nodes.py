"""What has to hold for every command, tried on running nodes: one JSON value, no secrets, no more than a token allows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import atoll
from atoll.cli.main import main
from atoll.cli.process import stop_node
from tests.cli.world import CUSTOMERS, FILES, Lagoon, start_lagoon

READING = [
    "node status",
    "consortium members",
    "config check",
    "dataset list",
    "catalogue search",
    "catalogue search customers --class personal --max-level G3 --quality B --page 2",
    "catalogue export",
    "grant list",
    "budget show bank/customers",
    "job list",
    "job list --open",
    "ledger log --first 0",
    "ledger show member bank",
    "ledger show key bank/identity/1",
    "ledger show member nobody",
    "ledger verify",
    "ledger checkpoint",
    "ledger checkpoint --published",
    "ledger validators",
    "ledger trust",
    "why policy.no_grant",
]
MISSING = "0" * 32
FAILING = {
    "dataset show bank/nothing/1": 4,
    "catalogue search !!!": 2,
    "catalogue search --max-level G9": 2,
    "quality list bank/nothing/1": 4,
    "quality report bank/nothing/1 auditor": 4,
    "quality run bureau/nothing/1": 4,
    "job show " + MISSING: 4,
    "job result " + MISSING: 4,
    "job watch " + MISSING: 4,
    "grant show " + MISSING: 4,
    "grant revoke --yes " + MISSING: 6,
    "evidence export " + MISSING: 4,
    "why " + MISSING: 4,
    "ledger show secrets x": 4,
    "key rotate tls": 3,
    "node start": 5,
    "dataset register more ../tokens/admin --title More": 2,
    "consortium handover --yes --to nobody": 5,
}
"""Commands that cannot be carried out, and their exit status."""


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    """Exit status, the one JSON value, and what went to standard error."""
    capsys.readouterr()
    status = main([*arguments, "--json"])
    printed = capsys.readouterr()
    assert printed.out.count("\n") == 1, printed.out
    return status, json.loads(printed.out), printed.err


@pytest.mark.parametrize("line", READING)
def test_a_command_that_reads_prints_one_json_value(line: str, lagoon: Lagoon, capsys: pytest.CaptureFixture[str]) -> None:
    words = line.split()
    where = [] if words[0] == "why" else ["--home", str(lagoon.home("bank"))]
    status, value, said = run(capsys, *words, *where)
    assert (status, said) == (0, "")
    assert value is not None


@pytest.mark.parametrize("line", FAILING)
def test_a_command_that_fails_prints_one_json_value_and_says_why(
    line: str, lagoon: Lagoon, capsys: pytest.CaptureFixture[str]
) -> None:
    status, value, said = run(capsys, *line.split(), "--home", str(lagoon.home("bank")))
    assert status == FAILING[line], said
    error = value["error"]
    assert error.keys() - {"rule"} == {"code", "message", "hint"}
    shown = "" if error["code"] == "cli.usage" else f" [{error.get('rule', error['code'])}]"
    assert said.startswith(f"error: {error['message']}{shown}\n")


def test_the_doctor_s_findings_are_one_json_value(lagoon: Lagoon, capsys: pytest.CaptureFixture[str]) -> None:
    status, value, said = run(capsys, "doctor", "--home", str(lagoon.home("bank")))
    assert value["running"]
    assert {one["check"] for one in value["findings"]} >= {"ledger", "members", "disk"}
    assert (status == 0) is value["ok"] is (said == "")


def test_a_token_allows_its_role_and_no_more(lagoon: Lagoon, capsys: pytest.CaptureFixture[str]) -> None:
    home = lagoon.home("bank")
    where = ["--url", lagoon.connect("bank").url, "--certificate", str(home / "tls.der")]
    budget = ["budget", "set", "customers", "7"]
    assert run(capsys, "job", "list", *where, "--token", f"@{home}/tokens/auditor")[0] == 0
    status, value, _ = run(capsys, *budget, *where, "--token", f"@{home}/tokens/auditor")
    assert (status, value["error"]["code"]) == (3, "api.wrong_scope")
    status, value, _ = run(capsys, *budget, *where, "--token", "guessed")
    assert (status, value["error"]["code"]) == (3, "api.no_token")


def test_a_node_with_another_certificate_gets_no_token(lagoon: Lagoon, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--url", lagoon.connect("bank").url, "--certificate", str(lagoon.home("operator") / "tls.der")]
    status, value, _ = run(capsys, "job", "list", *where, "--token", "t")
    assert (status, value["error"]["code"]) == (9, "client.unreachable")
    assert "its certificate is not the one expected" in value["error"]["message"]


def test_the_package_connects_as_its_first_page_says(lagoon: Lagoon) -> None:
    home = lagoon.home("bank")
    token = (home / "tokens" / "user").read_text().strip()
    with atoll.connect(lagoon.connect("bank").url, token=token, certificate=home / "tls.der") as node:
        assert node.status().org == "bank"
        assert {one.org for one in node.members.list()} >= {"bank", "bureau", "operator"}


def test_a_node_in_the_foreground_ends_with_its_command(lagoon: Lagoon) -> None:
    home = lagoon.home("bureau")
    stop_node(home)
    command = [sys.executable, "-c", "from atoll.cli.main import run; run()", "node", "start", "--home", str(home), "--json"]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert started.stderr is not None
        assert "bureau is ready" in started.stderr.readline()
        with lagoon.connect("bureau") as node:
            assert node.status().org == "bureau"
        started.terminate()
        printed, _ = started.communicate(timeout=120)
    finally:
        started.kill()
        start_lagoon(lagoon)
    assert json.loads(printed)["exit"] == started.returncode == 0


def test_nothing_secret_and_no_row_is_in_a_log(lagoon: Lagoon) -> None:
    logs = "".join(path.read_text(errors="replace") for path in lagoon.folder.glob("*/log/*"))
    assert logs
    hidden = [*lagoon.secrets(), *CUSTOMERS, *FILES]
    assert [one for one in hidden if one in logs] == []


def test_the_files_of_a_home_are_for_its_owner_alone(lagoon: Lagoon) -> None:
    private = ("keys.atoll", "passphrase", "tokens/admin", "enrolment.atoll", "node.sqlite", "catalogue.sqlite")
    open_to_others = [name for name in private if (lagoon.home("bank") / name).stat().st_mode & 0o077]
    assert open_to_others == []
    assert Path(lagoon.home("bank")).stat().st_mode & 0o077 == 0
