"""Every command explains itself in the same way."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from atoll import client
from atoll.api.routes import ROUTES
from atoll.cli.main import SLOTS, Stub, main, root
from tools.cli_docs import Leaf, leaves

LEAVES = leaves()
COMMANDS = {
    "status": "node status",
    "doctor": "doctor",
    "members": "consortium members",
    "invite": "consortium invite",
    "member_enrol": "consortium admit",
    "motions": "consortium motions",
    "motion_open": "consortium remove",
    "motion_approve": "consortium approve",
    "motion_withdraw": "consortium withdraw",
    "leave": "consortium leave",
    "handover": "consortium handover",
    "key_rotate": "key rotate",
    "key_revoke": "key revoke",
    "dataset_register": "dataset register",
    "dataset_list": "dataset list",
    "dataset_show": "dataset show",
    "dataset_withdraw": "dataset withdraw",
    "registration_step": "dataset register",
    "dataset_history": "dataset history",
    "dataset_lineage": "dataset lineage",
    "dataset_profile": "dataset profile",
    "dispute_open": "dataset dispute open",
    "dispute_list": "dataset dispute list",
    "dispute_show": "dataset dispute show",
    "dispute_answer": "dataset dispute answer",
    "dispute_decide": "dataset dispute decide",
    "dispute_withdraw": "dataset dispute withdraw",
    "duplicate_list": "duplicate list",
    "duplicate_section": "duplicate section",
    "duplicate_show": "duplicate show",
    "duplicate_sign": "duplicate sign",
    "duplicate_release": "duplicate release",
    "catalogue_search": "catalogue search",
    "catalogue_dcat": "catalogue export",
    "grade_file": "grade show",
    "grade_show": "grade show",
    "grade_override": "grade override",
    "grade_approve": "grade approve",
    "grade_paper": "grade override",
    "grade_tables": "grade tables",
    "quality_run": "quality run",
    "quality_sign": "quality sign",
    "quality_list": "quality list",
    "quality_report": "quality report",
    "quality_withdraw": "quality withdraw",
    "budget_set": "budget set",
    "budget_list": "budget show",
    "budget_refund": "budget refund",
    "order_draft": "order draft",
    "order_submit": "order submit",
    "order_list": "order list",
    "order_show": "order show",
    "approver_ask": "key approver request",
    "approver_add": "key approver add",
    "approver_list": "key approver list",
    "approver_revoke": "key approver revoke",
    "grant_give": "grant give",
    "grant_list": "grant list",
    "grant_agreement": "grant show",
    "grant_revoke": "grant revoke",
    "right_give": "right grant",
    "right_transfer": "right transfer",
    "right_freeze": "right freeze",
    "right_unfreeze": "right unfreeze",
    "right_revoke": "right revoke",
    "right_list": "right list",
    "right_show": "right show",
    "right_history": "right history",
    "right_history_proof": "right history",
    "right_holders": "right holders",
    "right_holders_proof": "right holders",
    "duty_list": "policy duties",
    "duty_note": "policy note",
    "standing_give": "policy standing give",
    "standing_list": "policy standing list",
    "standing_revoke": "policy standing revoke",
    "job_draft": "job propose intersection",
    "job_propose": "job propose intersection",
    "program_list": "program reviewed",
    "program_show": "program show",
    "program_review": "program review",
    "program_revoke": "program revoke",
    "job_list": "job list",
    "job_show": "job show",
    "job_approve": "job approve",
    "job_approval": "job approve",
    "job_approve_signed": "job approve",
    "job_bid": "auction bid",
    "job_withhold": "auction withhold",
    "job_refuse": "job refuse",
    "job_withdraw": "job withdraw",
    "job_cancel": "job cancel",
    "job_result": "job result",
    "job_download": "job result",
    "job_why": "why",
    "ledger_log": "ledger log",
    "ledger_show": "ledger show",
    "ledger_checkpoint": "ledger checkpoint",
    "ledger_published": "ledger checkpoint",
    "ledger_prove_entry": "ledger prove",
    "ledger_prove_record": "ledger prove",
    "ledger_watch": "ledger watch",
    "ledger_validators": "ledger validators",
    "ledger_snapshot": "ledger snapshot",
    "ledger_verify": "ledger verify",
    "trust_file": "ledger trust",
    "ledger_members": "ledger members",
    "evidence_export": "evidence export",
}
"""The command for each route of the API."""
PROMISED = """
    demo init doctor why
    config check
    consortium found, consortium invite, consortium enrol, consortium members, consortium handover
    consortium motions, consortium approve, consortium remove, consortium validate, consortium leave, consortium upgrade
    key rotate, key revoke
    node start, node stop, node status
    dataset register, dataset list, dataset show, dataset withdraw, dataset profile, dataset history, dataset lineage
    dataset dispute open, dataset dispute answer, dataset dispute decide, dataset dispute show
    catalogue search, catalogue show, catalogue export
    quality run, quality sign, quality list, quality report, quality compare, quality withdraw
    grant give, grant list, grant show, grant revoke
    right grant, right sublicense, right lease, right transfer, right freeze, right unfreeze, right revoke
    right list, right show, right history, right holders, right verify
    grade show, grade override, grade approve, grade tables
    budget set
    job propose intersection, job list, job show, job approve, job refuse, job withdraw, job watch, job result, job cancel
    auction open, auction bid, auction withhold, auction show
    program explain, program run, program trace, program show, program review, program reviewed, program revoke
    ledger log, ledger show, ledger verify, ledger checkpoint, ledger trust
    ledger prove, ledger watch, ledger validators, ledger snapshot
    witness init, witness serve, witness show
    evidence export, evidence judge, evidence verify
"""
OURS = [one for one in LEAVES if one.path != "demo"]


def by_path(leaf: Leaf) -> str:
    return leaf.path


def test_every_promised_command_is_there() -> None:
    first, *lines = PROMISED.strip().splitlines()
    promised = {*first.split(), *(name.strip() for line in lines for name in line.split(","))}
    assert promised - {one.path for one in LEAVES} == set()


def test_every_route_has_a_command() -> None:
    assert {one.name for one in ROUTES} == COMMANDS.keys()
    assert set(COMMANDS.values()) - {one.path for one in LEAVES} == set()


def test_every_route_has_a_method_of_the_client() -> None:
    source = "".join(path.read_text() for path in Path(client.__path__[0]).glob("*.py"))
    assert [one.name for one in ROUTES if f'"{one.name}"' not in source] == []


@pytest.mark.parametrize("leaf", OURS, ids=by_path)
def test_a_command_has_an_example_that_begins_with_its_name(leaf: Leaf) -> None:
    for line in leaf.command.epilog.splitlines():
        words = shlex.split(line, comments=True)
        assert words[: 1 + len(leaf.path.split())] == ["atoll", *leaf.path.split()], line
    assert leaf.command.epilog


@pytest.mark.parametrize("leaf", OURS, ids=by_path)
def test_the_options_of_an_example_exist(leaf: Leaf) -> None:
    for line in (leaf.command.epilog or "").splitlines():
        used = {word for word in shlex.split(line, comments=True) if word.startswith("--")}
        assert used <= options_of(leaf, line), line


def options_of(leaf: Leaf, line: str) -> set[str]:
    """Those of the command, or of the command below it that the example is about."""
    below = [one for one in LEAVES if f"{line} ".startswith(f"atoll {one.path} ") and one.path.startswith(leaf.path)]
    return max(below, key=lambda one: len(one.path)).options


@pytest.mark.parametrize("leaf", LEAVES, ids=by_path)
def test_a_command_prints_json_when_asked(leaf: Leaf) -> None:
    assert "--json" in leaf.options


@pytest.mark.parametrize("leaf", [one for one in OURS if one.path in COMMANDS.values()], ids=by_path)
def test_a_command_for_a_node_takes_its_home_or_its_address(leaf: Leaf) -> None:
    assert {"--home", "--url", "--token", "--certificate"} <= leaf.options


@pytest.mark.parametrize("leaf", OURS, ids=by_path)
def test_every_option_is_explained(leaf: Leaf) -> None:
    assert leaf.command.help
    assert [one.name for one in leaf.command.params if not one.help and one.name != "help"] == []


@pytest.mark.parametrize("slot", SLOTS, ids=lambda slot: slot.name)
def test_the_short_help_of_a_command_fits_a_line(slot: object) -> None:
    assert len(getattr(slot, "help")) <= 80 - 2 - 12 - 2  # noqa: B009 - of a Slot


@pytest.mark.parametrize("arguments", [["--help"], [], ["job"], ["job", "propose", "intersection", "--help"]])
def test_help_goes_to_standard_output_and_is_a_success(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("Usage: atoll")
    assert printed.err == ""


def groups(path: tuple[str, ...] = (), command: Any = None) -> Iterator[tuple[str, ...]]:
    """Every group of commands."""
    loaded = get_command(root) if command is None else command.load() if isinstance(command, Stub) else command
    children = getattr(loaded, "commands", {})
    if children:
        yield path
    for name, child in children.items():
        yield from groups((*path, name), child)


@pytest.mark.parametrize("path", [*groups()], ids=" ".join)
def test_no_summary_is_cut_at_80_columns(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*path, "--help"]) == 0
    listed = capsys.readouterr().out.partition("\nCommands:\n")[2].partition("\nExamples:\n")[0].splitlines()
    assert listed
    assert [one for one in listed if one.endswith("...") or len(one) > 80] == []
