"""Finding and judging datasets from the command line, with nodes running."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from atoll.cli.main import main
from tests.cli.world import CUSTOMERS, Lagoon


def run(capsys: pytest.CaptureFixture[str], lagoon: Lagoon, line: str, *more: str) -> tuple[int, Any]:
    """Exit status and the JSON value of a command at the bank's node."""
    capsys.readouterr()
    status = main([*line.split(), *more, "--json", "--home", str(lagoon.home("bank"))])
    return status, json.loads(capsys.readouterr().out)


def test_an_owner_publishes_and_a_sample_is_set_beside_the_report(
    lagoon: Lagoon, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    line = "dataset register judged customers.csv --title Judged --key customer_id=national-id/1"
    status, value = run(capsys, lagoon, line, "--column", "balance:exposure=after-aggregate,means=count")
    assert status == 0, value
    dataset = value["dataset"]
    run_file = tmp_path / "run.atoll"
    status, value = run(capsys, lagoon, f"quality run {dataset} --publish --out {run_file}")
    assert (status, value["dataset"], value["basis"]) == (0, dataset, "source"), value
    assert run_file.stat().st_size > 100
    _, opinions = run(capsys, lagoon, f"quality list {dataset}")
    assert [(one["evaluator"], one["third_party"], one["grade"]) for one in opinions] == [("bank", False, value["grade"])]
    _, report = run(capsys, lagoon, f"quality report {dataset} bank")
    assert report["run"]["values"] == value["values"]

    sample, worse = tmp_path / "sample.csv", tmp_path / "worse.csv"
    sample.write_text("customer_id,balance\n" + "".join(f"{one},{at}\n" for at, one in enumerate(CUSTOMERS[:40])))
    worse.write_text("customer_id,balance\n" + "".join(f",{'n/a' if at % 2 else at}\n" for at in range(40)))
    status, own = run(capsys, lagoon, f"quality run --file {sample} --card {dataset}")
    assert (status, own["basis"], own["measured_by"]) == (0, "sample", "this machine")
    status, compared = run(capsys, lagoon, f"quality compare {dataset} bank --file {sample}")
    assert (status, compared["counts"]["differs"]) == (0, 0), compared
    status, compared = run(capsys, lagoon, f"quality compare {dataset} bank --file {worse}")
    assert status == 1
    different = {one["metric"] for one in compared["values"] if one["verdict"] == "differs"}
    assert {"cells-filled", "keys-filled", "no-placeholders"} <= different

    ends = time.monotonic() + 60
    while True:  # the index follows the ledger, a moment behind it
        _, found = run(capsys, lagoon, "catalogue search judged --quality E")
        if found["entries"] or time.monotonic() > ends:
            break
        time.sleep(0.05)
    assert [(one["dataset"], one["quality"]["evaluator"]) for one in found["entries"]] == [(dataset, "bank")]
    _, shown = run(capsys, lagoon, f"catalogue show {dataset}")
    assert shown["quality"][0]["grade"] == report["opinion"]["grade"]
    status, _ = run(capsys, lagoon, f"quality withdraw {dataset} --yes")
    assert status == 0
