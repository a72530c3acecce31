"""What monitors read of the doctor: its exit status."""

from __future__ import annotations

import json

import pytest

from atoll.api.models import DoctorFinding, Status
from atoll.cli import doctor
from atoll.cli.main import main
from atoll.cli.node import describe
from atoll.cli.reply import Fields
from atoll.client import NodeUnreachable


def test_a_node_that_does_not_run_is_bad_news_though_its_home_is_in_order(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nobody(*_: object) -> list[DoctorFinding]:
        raise NodeUnreachable(url="https://10.0.0.5:7402", reason="nobody answers")

    monkeypatch.setattr(doctor, "_ask", nobody)
    monkeypatch.setattr(doctor, "_look", lambda _: [DoctorFinding(check="keys", ok=True, found="7 keys open")])
    assert main(["doctor", "--home", "bank", "--json"]) == 9
    printed = capsys.readouterr()
    value = json.loads(printed.out)
    assert (value["running"], value["ok"]) == (False, False)
    assert "1 of 2 checks failed: node." in printed.err
    assert "atoll node start" in printed.err


@pytest.mark.parametrize(
    ("missing", "line"), [([], "3 of 3 needed, 3 reached"), (["bureau"], "3 of 3 needed, 2 reached; not bureau")]
)
def test_the_status_tells_a_quorum_that_is_needed_from_one_that_is_there(missing: list[str], line: str) -> None:
    status = Status(
        org="bank",
        chain_id="test.example/lagoon",
        genesis_digest="",
        version="1",
        engine="embedded",
        test=True,
        height=1,
        log_size=1,
        term=1,
        sequencer="operator",
        quorum="3 of 3",
        quorum_reached=3 - len(missing),
        quorum_missing=missing,
        freshness_seconds=1,
        connected=[],
        jobs_running=0,
        pss_mb=1.0,
        rules="1",
        motions_waiting=0,
        validator=None,
    )
    [fields] = describe(status)
    assert isinstance(fields, Fields)
    assert dict(fields.pairs)["quorum"] == line
