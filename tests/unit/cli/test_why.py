"""`atoll why` knows every code there is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from atoll.api.models import DecisionInfo, ReasonInfo, WhyInfo
from atoll.cli.deciding import describe_why
from atoll.cli.errors import RulesDiffer
from atoll.cli.main import main
from atoll.cli.reply import Fields, Rows
from atoll.cli.why import load_codes, readable
from tools.docs import load_catalogue


def test_every_error_of_the_package_is_known() -> None:
    documented = {code for code, cls in load_catalogue().items() if not cls.__module__.startswith("atoll.testing.")}
    assert load_codes().keys() == documented


def test_operands_are_named_in_the_sentence() -> None:
    assert readable(RulesDiffer).startswith("<mine> is spelt by <mine rule> and <theirs> by <theirs rule>.")


def test_all_codes_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", "--json"]) == 0
    assert json.loads(capsys.readouterr().out).keys() == load_codes().keys()


def test_every_code_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    for code in load_codes():
        assert main(["why", code, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["code"] == code


@pytest.mark.parametrize("name", ["policy.no_grnt", "\x1b[31m", "x" * 10_000, "0" * 31])
def test_what_is_no_code_is_said_so(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", name]) == 4
    printed = capsys.readouterr().err
    assert printed.startswith("error: There is no error code")
    assert "\x1b" not in printed
    assert len(printed) < 600


JOB, GRANT = "3f" * 16, "5b" * 16


def row(rule: str, constraint: str, wanted: str, observed: str, *, holds: bool = True) -> ReasonInfo:
    return ReasonInfo(rule=rule, constraint=constraint, wanted=wanted, observed=observed, holds=holds)


REFUSED = DecisionInfo(
    verdict="deny",
    code="policy.terms",
    reasons=[
        row("policy.parties", "proposer", "a party of the plan", "bank"),
        row("policy.dataset", "state of bureau/files/1", "active", "active"),
        row("policy.no_grant", "grant for bureau/files/1", "a grant on the ledger", GRANT),
        row("policy.terms", "permission 0: purpose", "isAnyOf credit-check", "marketing", holds=False),
        row("policy.terms", "permission 0: rows", "lteq 5", "9", holds=False),
    ],
)


def why(**changes: Any) -> tuple[list[tuple[str, str]], list[Rows]]:
    """The fields on top and the tables below."""
    usual: dict[str, Any] = {"job": JOB, "state": "refused", "reason": "policy.terms", "sentence": "No.", "remedy": "Ask."}
    shown = describe_why(WhyInfo.model_validate(usual | {"decisions": {"bureau": REFUSED}} | changes))
    assert isinstance(shown[0], Fields)
    return list(shown[0].pairs), [one for one in shown if isinstance(one, Rows)]


def test_what_decided_comes_first_with_who_and_the_grant_and_the_remedy() -> None:
    fields, [table] = why(ended_by="bureau", ended_height=87)
    assert fields == [
        ("job", JOB),
        ("state", "refused by bureau, in block 87"),
        ("because", "permission 0: purpose: wanted isAnyOf credit-check, found marketing [policy.terms]"),
        ("under", f"grant {GRANT}"),
        ("means", "No."),
        ("what to do", "Ask."),
    ]
    assert [one[1] for one in table.rows][:3] == ["permission 0: purpose", "permission 0: rows", "proposer"]


def test_who_reports_a_failure_is_not_said_to_have_caused_it() -> None:
    fields, _ = why(state="failed", reason="transport.role_failed", ended_by="bureau", ended_height=87)
    assert ("state", "failed, reported by bureau, in block 87") in fields


def test_another_nodes_refusal_is_not_explained_by_the_own_decision() -> None:
    fields, _ = why(ended_by="telecom", ended_height=87)
    assert ("because", "policy.terms") in fields
    assert ("by which rule", f"`atoll why {JOB}` at the node of telecom says it") in fields


def test_a_job_that_waits_says_for_whom() -> None:
    asked = DecisionInfo(verdict="ask", code="policy.ask", reasons=[row("policy.ask", "a person's approval", "level G4", "no")])
    waits = {"state": "proposed", "reason": "", "sentence": "", "remedy": "", "waits_for": ["bank", "bureau"]}
    fields, _ = why(**waits, phase="awaiting approval", decisions={"bureau": asked})
    assert ("state", "proposed; the consent of bank, bureau is missing") in fields
    assert ("waits here", "for a person: level G4") in fields
    assert "atoll job approve" in dict(fields)["what to do"]
