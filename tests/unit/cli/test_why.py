"""`atoll why` knows every code there is."""

from __future__ import annotations

import json

import pytest

from atoll.cli.errors import RulesDiffer
from atoll.cli.main import main
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
