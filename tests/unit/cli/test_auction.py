"""Auctions on the command line, with the plans that the job kind draws up: they have bidders and no inputs."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from atoll.api.models import CoalitionInfo, DraftInfo, JobInfo
from atoll.cli import auction, frame
from atoll.cli.bidding import describe_bidding
from atoll.cli.main import main
from atoll.cli.reply import Fields, Rows
from atoll.jobs.ranking import Ranking, RankingSpec
from atoll.ledger.plan import Limits, Plan
from atoll.wire.plain import from_plain, to_plain

JOB = "7" * 32


class FakeNode:
    """The auditor's node: plans are those of the kind, and nothing is sent."""

    def __init__(self) -> None:
        self.proposed: list[dict[str, Any]] = []
        self.bids: list[tuple[str, int, bool]] = []
        self.jobs = self
        self.shown: JobInfo | None = None

    def show(self, _: str) -> JobInfo | None:
        return self.shown

    def status(self) -> Any:
        return SimpleNamespace(org="auditor")

    def draft(self, kind: str, spec: dict[str, Any], **options: Any) -> DraftInfo:
        drawn = Ranking().draft(from_plain(RankingSpec, spec))
        limits = Limits(memory_bytes=1 << 30, traffic_bytes=1 << 20, attempts=1)
        fields: dict[str, Any] = drawn.to_fields()
        fixed: dict[str, Any] = {
            "salt": bytes(32),
            "chain_id": "test.example/lagoon",
            "genesis_digest": bytes(32),
            "job_id": bytes(16),
        }
        plan = Plan(**fields, **fixed, purpose=options["purpose"], limits=limits, not_after=spec["bids_until"] + 60)
        return DraftInfo(
            plan=to_plain(plan),
            estimate={"seconds": 1, "traffic_mb": 2, "memory_mb": 3},
            leakage=plan.leakage,
            adversary_model=plan.adversary_model,
            coalitions=[CoalitionInfo(members=list(one.members), reads=list(one.reads)) for one in plan.coalitions],
            result_columns=[one.name for one in Ranking().result_schema(plan)],
        )

    def propose(self, kind: str, spec: dict[str, Any], **options: Any) -> str:
        self.proposed.append({"kind": kind, "spec": spec, **options})
        return JOB

    def bid(self, job: str, value: int, *, entrust: bool) -> Any:
        self.bids.append((job, value, entrust))
        return SimpleNamespace(bids_until=1_780_000_000, model_dump=lambda **_: {})

    def close(self) -> None:
        pass


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> FakeNode:
    made = FakeNode()
    monkeypatch.setattr(frame, "connect_to", lambda *_: made)
    return made


def open_auction(*more: str) -> int:
    usual = ["--bidders", "bank,bureau", "--computes", "auditor,bank,bureau", "--low", "10", "--high", "100"]
    return main(["auction", "open", *usual, "--purpose", "licence", *more])


def test_an_auction_is_opened_after_everything_about_it_was_shown(node: FakeNode, capsys: pytest.CaptureFixture[str]) -> None:
    assert open_auction("--dry-run") == 0
    shown = capsys.readouterr().out
    for part in ("bidders", "bank, bureau", "bids until", "for you alone", "nothing was proposed"):
        assert part in shown
    assert node.proposed == []
    assert open_auction("--yes", "--json") == 0
    assert json.loads(capsys.readouterr().out)["job"] == JOB
    [asked] = node.proposed
    assert (asked["kind"], asked["spec"]["bidders"], asked["spec"]["receivers"]) == ("ranking", ["bank", "bureau"], ["auditor"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--receivers", "bank"), "for bank alone"),
        (("--receivers", "auditor"), "for you alone"),
        (("--receivers", "auditor,bank"), "for auditor, bank\n"),
        (("--rule", "order"), "for bank, bureau\n"),
    ],
)
def test_who_learns_the_outcome_is_named_unless_it_is_this_organisation_alone(
    given: tuple[str, ...], said: str, node: FakeNode, capsys: pytest.CaptureFixture[str]
) -> None:
    assert open_auction("--dry-run", *given) == 0
    assert said in capsys.readouterr().out


def test_a_bid_comes_from_a_file_or_standard_input(
    node: FakeNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bid").write_text("640000\n")
    assert main(["auction", "bid", JOB, "--from", str(tmp_path / "bid"), "--entrust", "--yes"]) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("0\n"))
    assert main(["auction", "bid", JOB, "--from", "-", "--yes"]) == 0
    assert node.bids == [(JOB, 640_000, True), (JOB, 0, False)]
    assert "640000" not in "".join(capsys.readouterr())


def test_before_a_bid_it_is_shown_what_is_bid_for(
    node: FakeNode, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By another rule the bid itself would come out, or go to somebody else."""
    spec = {"rule": "first-price", "high": 100, "bids_until": UNTIL, "bidders": PARTIES[1:], "computes": PARTIES[:3]}
    draft = node.draft("ranking", spec | {"receivers": ["bank"]}, purpose="licence")
    node.shown = stands(plan=draft.plan, leakage=draft.leakage, purpose="licence")
    seen: list[str] = []
    monkeypatch.setattr(auction, "confirm", lambda *_, **__: seen.append(capsys.readouterr().err))
    monkeypatch.setattr("sys.stdin", io.StringIO("7\n"))
    assert main(["auction", "bid", JOB, "--from", "-"]) == 0
    for part in ("auditor, for licence", "bank learn the best bidder and its bid", "auditor + bank", "bid of telecom"):
        assert part in seen[0]
    assert node.bids == [(JOB, 7, False)]


UNTIL = 1_780_000_000
PARTIES = ["auditor", "bank", "bureau", "telecom"]


def stands(**changes: Any) -> JobInfo:
    """An auction of three bidders, which the auditor has opened."""
    usual = {
        "job": JOB,
        "kind": "ranking",
        "state": "proposed",
        "phase": "",
        "proposer": "auditor",
        "parties": PARTIES,
        "receivers": ["auditor"],
        "consents": ["auditor", "bank"],
        "receipts": [],
        "reason": "",
        "not_after": UNTIL + 60,
        "bidders": PARTIES[1:],
        "bids_until": UNTIL,
    }
    return JobInfo.model_validate(usual | changes)


def said_of(one: JobInfo, *, now: int = UNTIL - 90) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """The fields above, and by bidder what is said of its bid."""
    fields, _, bids = describe_bidding(one, now=now)
    assert isinstance(fields, Fields)
    assert isinstance(bids, Rows)
    return dict(fields.pairs), {row[0]: tuple(row[1:]) for row in bids.rows}


@pytest.mark.parametrize(
    ("changes", "now", "outcome", "bids"),
    [
        ({}, UNTIL - 90, "open; bureau, telecom have not consented yet", "committed awaited awaited"),
        ({}, UNTIL + 1, "none: no bid of bureau, telecom came in time, so it cannot start", "committed none none"),
        ({"state": "consented", "consents": PARTIES}, UNTIL - 90, "open: all have committed", "committed committed committed"),
        (
            {"state": "refused", "ended_by": "bank", "reason": "policy.local", "consents": []},
            0,
            "none: refused by bank (policy.local)",
            "refused none none",
        ),
        (
            {"state": "withdrawn", "ended_by": "bank", "reason": "withdrawn by bank"},
            0,
            "none: withdrawn by bank",
            "withdrawn none none",
        ),
        (
            {
                "state": "completed",
                "consents": PARTIES,
                "opening_witnesses": ["auditor", "bank"],
                "unopened": {"telecom": ["auditor", "bank"]},
            },
            UNTIL + 9,
            "there is one; `atoll job result",
            "opened opened not-opened",
        ),
        (
            {"state": "failed", "consents": PARTIES, "ended_by": "bank", "reason": "mpc.opening_disputed"},
            UNTIL + 9,
            "none: failed, reported by bank (mpc.opening_disputed)",
            "committed committed committed",
        ),
        (
            {"state": "failed", "consents": PARTIES, "receipts": ["auditor"], "ended_by": "bank", "reason": "job.cancelled"},
            UNTIL + 9,
            "not for all: failed, reported by bank (job.cancelled); auditor signed a receipt, and can read an outcome",
            "committed committed committed",
        ),
        ({"state": "completed", "consents": PARTIES}, UNTIL + 9, "there is one", "committed committed committed"),
    ],
)
def test_what_came_of_an_auction_and_of_each_bid_comes_first(
    changes: dict[str, Any], now: int, outcome: str, bids: str
) -> None:
    fields, each = said_of(stands(**changes), now=now)
    assert fields["outcome"].startswith(outcome)
    assert [each[org][0].replace(" ", "-") for org in PARTIES[1:]] == bids.split()


def test_who_did_not_open_is_said_with_whoever_signed_that_and_no_opening_is_made_up() -> None:
    unopened = {"telecom": ["auditor", "bank"]}
    completed = stands(state="completed", consents=PARTIES, unopened=unopened, opening_witnesses=["auditor", "bank"])
    assert said_of(completed)[1]["telecom"] == ("not opened", "counts as none; auditor, bank signed that")
    unknown = stands(state="completed", consents=PARTIES)
    assert said_of(unknown)[1]["telecom"][1].endswith("they are not here"), "an outsider has no receipts' details"


@pytest.mark.parametrize(
    ("witnesses", "word", "detail"),
    [
        (["bureau"], "committed", "bureau signed that it was not opened, of the others no receipt is here"),
        (["auditor", "bank", "bureau"], "opened", "bureau signed that it was not opened, auditor, bank that it was"),
    ],
)
def test_one_compute_node_alone_brings_nobody_into_disrepute(witnesses: list[str], word: str, detail: str) -> None:
    accused = stands(state="completed", consents=PARTIES, unopened={"telecom": ["bureau"]}, opening_witnesses=witnesses)
    assert said_of(accused)[1]["telecom"] == (word, f"{detail}; one node's word shows nothing")


def test_one_compute_node_alone_shows_no_opening_either() -> None:
    one = stands(state="completed", consents=PARTIES, opening_witnesses=["bureau"])
    assert said_of(one)[1]["telecom"] == ("committed", "whether it was opened, the compute nodes' receipts say; one is here")


def test_a_job_without_bids_is_no_auction(node: FakeNode, capsys: pytest.CaptureFixture[str]) -> None:
    node.shown = stands(kind="intersection", bidders=[], bids_until=0)
    assert main(["auction", "show", JOB]) == 2
    assert "use `atoll job show`" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "640,000", "-5", "1e6", "640 000"])
def test_what_is_no_whole_number_is_not_bid(text: str, node: FakeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert main(["auction", "bid", JOB, "--from", "-", "--yes"]) == 2
    assert node.bids == []


@pytest.mark.parametrize(("again", "status"), [("640000", 0), ("64000", 2)])
def test_at_a_terminal_it_is_typed_twice_and_is_never_an_argument(
    again: str, status: int, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["auction", "bid", JOB, "640000", "--yes"]) == 2, "an argument would stand in the history"
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["auction", "bid", JOB, "--yes"]) == 2, "nobody is there to ask"
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    typed = iter(["640000", again])
    monkeypatch.setattr(auction, "getpass", lambda _: next(typed))
    assert main(["auction", "bid", JOB, "--yes"]) == status
    assert node.bids == ([(JOB, 640_000, False)] if status == 0 else [])
