"""Terms on the command line: checked and explained without a node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from atoll.cli.errors import BadArgument
from atoll.cli.main import main
from atoll.cli.terms import load_request, parse_settings
from atoll.policy.odrl import Operand

TERMS = {
    "permission": [
        {
            "action": "use",
            "constraint": [
                {"leftOperand": "purpose", "operator": "eq", "rightOperand": "credit-check"},
                {"or": [{"leftOperand": "dex:rows", "operator": "lteq", "rightOperand": "1000"}]},
            ],
            "duty": [{"@id": "urn:pay", "action": "compensate"}],
        }
    ],
    "prohibition": [{"action": "odrl:distribute"}],
    "obligation": [{"action": "delete"}],
    "conflict": "invalid",
}


def written(folder: Path, name: str, document: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps(document))
    return path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = main(list(words))
    return status, capsys.readouterr().out


def test_a_document_that_can_be_published_is_shown_rule_by_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out = run(capsys, "policy", "check", str(written(tmp_path, "terms.json", TERMS)))
    assert status == 0
    for said in ("can be published", "credit-check", "rows lteq 1000", "urn:pay", "distribute", "delete", "invalid"):
        assert said in out


def test_everything_that_would_be_refused_is_said_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = {"leftOperand": "odrl:resolution", "operator": "eq", "rightOperand": "1"}
    document = {"permission": [{"action": "print", "constraint": [odd]}]}
    status, out = run(capsys, "policy", "check", str(written(tmp_path, "terms.json", document)), "--json")
    assert status == 0
    said = json.loads(out)
    assert said["refused"] is True
    assert [one["what"] for one in said["problems"]] == ["there is no action print", "there is no operand odrl:resolution"]


@pytest.mark.parametrize(("purpose", "verdict"), [("credit-check", "deny"), ("marketing", "deny")])
def test_terms_and_a_request_are_explained_without_a_node(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], purpose: str, verdict: str
) -> None:
    terms = written(tmp_path, "terms.json", TERMS)
    request = written(tmp_path, "request.json", {"purpose": purpose, "rows": 1000})
    status, out = run(capsys, "policy", "explain", "--terms", str(terms), "--request", str(request), "--json")
    assert status == 0
    said = json.loads(out)
    assert said["verdict"] == verdict
    failed = [(one["constraint"], one["observed"]) for one in said["reasons"] if not one["holds"]]
    waits = ("urn:pay", "not known to be done")
    assert failed == ([waits] if purpose == "credit-check" else [("permission 0: purpose", "marketing"), waits])


def test_a_request_is_read_operand_by_operand(tmp_path: Path) -> None:
    document = {"purpose": "a", "columns": ["b", "c"], "rows": 5, "date-time": "2026-01-01T00:00:00Z", "elapsed-time": "P1D"}
    use = load_request(written(tmp_path, "request.json", document))
    assert use.values == {
        Operand.PURPOSE: frozenset({"a"}),
        Operand.COLUMNS: frozenset({"b", "c"}),
        Operand.ROWS: 5,
        Operand.DATE_TIME: 1_767_225_600,
        Operand.ELAPSED_TIME: 86_400,
    }


@pytest.mark.parametrize(
    "document", [{"colour": "red"}, {"rows": "1e3"}, {"rows": True}, {"rows": [5]}, {"purpose": 5}, {"date-time": "2026-01-01"}]
)
def test_a_request_that_says_nothing_is_refused(tmp_path: Path, document: Any) -> None:
    with pytest.raises(BadArgument):
        load_request(written(tmp_path, "request.json", document))


def test_explain_wants_a_job_or_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "explain"]) == BadArgument.exit_code
    assert main(["policy", "explain", "--terms", str(written(tmp_path, "terms.json", TERMS))]) == BadArgument.exit_code


@pytest.mark.parametrize("settings", [["rows"], ["=5"], ["rows=5", "rows=6"]])
def test_a_setting_is_a_name_and_a_value_once(settings: list[str]) -> None:
    with pytest.raises(BadArgument):
        parse_settings(settings)


def test_templates_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert "credit-check" in run(capsys, "grant", "template", "list")[1]
    assert "urn:atoll:template:research" in run(capsys, "grant", "template", "show", "research")[1]


def test_bounds_come_from_a_file_or_a_template(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["policy", "standing", "give", "--uses", "1", "--days", "1", "--home", "nowhere"]
    assert main(words) != 0
