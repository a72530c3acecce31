"""Five node processes: what they give, what they withhold, what they survive, what they write down."""

from __future__ import annotations

import random
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from atoll.api.models import BudgetRequest, CapModel, GiveGrant, RegisterColumn, RegisterDataset
from atoll.cli.demo.attacks import killed_node
from atoll.cli.demo.consortium import AUDITOR, BANK, BUREAU, ORGS, TELECOM
from atoll.cli.demo.exchange import PURPOSE, Answer, Exchange
from atoll.cli.demo.scenarios import intersection
from atoll.client import NodeUnreachable, RefusedByNode
from atoll.protocols.identifiers import IdentifierError, normalise, parse_rule
from atoll.testing import tables
from atoll.trust.keys import SecretKey
from atoll.trust.tlskeys import TlsKey
from tests.e2e.conftest import KILL_ROWS, SEED_VARIABLE, Standing
from tests.requirements import atoll_require

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def answer(standing: Standing) -> Answer:
    """A finished intersection: the bank is the receiver, the bureau the owner."""
    exchange = standing.exchange
    return exchange.run(exchange.pair(tables.BUREAU, tables.BANK, exchange.examples()))


def test_the_scenario_finds_what_the_clear_answer_holds(standing: Standing) -> None:
    _, found = intersection.run(standing.stage, standing.exchange)
    assert found["state"] == "completed"
    assert found["equal"]
    assert found["found"] == found["expected"] == 1500


def _is_completed(standing: Standing, org: str, answer: Answer) -> bool:
    return standing.stage.job_at(org, answer.job.job).state == "completed"


def test_a_result_is_withheld_from_every_organisation_but_the_receiver(standing: Standing, answer: Answer) -> None:
    assert answer.job.state == "completed", answer.job.reason
    for org in ORGS:
        jobs = standing.stage.client(org).jobs
        standing.stage.wait_for(f"the end of the job known to {org}", lambda org=org: _is_completed(standing, org, answer))  # type: ignore[misc]
        if org == BANK:
            assert jobs.result(answer.job.job).rows == len(spellings_of(answer.found, standing.exchange)) == 3001
            continue
        with pytest.raises(RefusedByNode) as refused:
            jobs.result(answer.job.job)
        assert refused.value.code == "job.no_receiver"


def test_a_result_is_withheld_from_tokens_without_its_scope(standing: Standing, answer: Answer) -> None:
    for role in ("owner", "auditor", "operator"):
        with pytest.raises(RefusedByNode) as refused:
            standing.stage.client(BANK, role).jobs.result(answer.job.job)
        assert refused.value.code == "api.wrong_scope", role


def test_every_party_has_signed_a_receipt_and_the_ledger_holds_no_result(standing: Standing, answer: Answer) -> None:
    client = standing.stage.client(AUDITOR)
    standing.stage.wait_for("the end of the job known to the auditor", lambda: _is_completed(standing, AUDITOR, answer))
    assert client.jobs.show(answer.job.job).receipts == [BANK, BUREAU]
    text = "".join(entry.model_dump_json() for entry in client.ledger.log(first=0, count=1000))
    assert not identifiers_in(text) & known_persons(standing.exchange)


def test_a_grant_that_was_revoked_carries_no_job(standing: Standing) -> None:
    exchange, stage = standing.exchange, standing.stage
    folder = exchange.examples()
    pair = exchange.pair(tables.TELECOM, tables.BANK, folder)
    stage.client(TELECOM).grants.revoke(pair.permits[0].grant)
    exchange.forget(pair)
    job = stage.client(BANK).jobs.propose("intersection", pair.spec(), purpose=PURPOSE)
    assert stage.client(BANK).jobs.wait(job, timeout_seconds=300).state == "refused"


@pytest.mark.usefixtures("processors")
def test_a_node_killed_at_a_random_byte_of_100_000_rows_resumes_to_the_right_answer(standing: Standing) -> None:
    seen = killed_node.run(standing.stage, standing.exchange)
    print(f"{SEED_VARIABLE}={standing.seed}: {seen.seen}")
    assert seen.caught, f"{SEED_VARIABLE}={standing.seed}: {seen.seen}"


def test_an_owner_killed_before_it_has_a_table_and_with_one_resumes_to_the_right_answer(standing: Standing) -> None:
    """Of two jobs the first makes the table; the second reads nothing of the owner's source."""
    stage, rows, shared = standing.stage, 6000, 2000
    sides = []
    for org, first in ((BANK, 0), (BUREAU, rows - shared)):
        path = stage.consortium.home(org) / "data" / "kept.csv"
        path.write_text("id\n" + "".join(f"K{n:06}\n" for n in range(first, first + rows)), "utf-8")
        column = RegisterColumn(name="id", semantics="identifier", level=2, exposure="after-join", normalisation="exact/1")
        request = RegisterDataset(name="kept", path=path.name, title="Kept", columns=[column], purposes=[PURPOSE])
        spelt = {"columns": ["id"], "normalisation": ["exact/1"], "rows_cap": rows}
        sides.append({"org": org, "dataset": stage.client(org).datasets.register(request), **spelt})
    bank, bureau = sides
    cap = CapModel(limit=100 * rows, days=30)
    given = GiveGrant(
        grantee=BANK, dataset=str(bureau["dataset"]), uses=2, columns=["id"], purposes=[PURPOSE], new_identifiers=cap
    )
    grant = stage.client(BUREAU).grants.give(given)
    version = stage.seen_by(BANK, "the grant", lambda node: {one.grant: one.version for one in node.grants.list()}[grant])
    owner = {**bureau, "grants": [{"grant": grant, "version": version}]}
    spec = {"receivers": [{**bank, "grants": []}], "owners": [owner], "protocol": "psi-oprf-ristretto255"}
    for sent in (64 * rows + 9 * rows, 64 * rows):  # the first job sends the table
        place = stage.chance.randrange(1, sent)
        stage.cable.cut_after(place, stage.nodes[BUREAU].pid)
        job = stage.client(BANK).jobs.propose("intersection", spec, purpose=PURPOSE)
        assert stage.cable.wait_cut(seconds=300.0)
        stage.restart(BUREAU)
        info = stage.client(BANK).jobs.wait(job, timeout_seconds=300.0)
        why = f"{SEED_VARIABLE}={standing.seed}: killed after {place:,} of {sent:,} bytes; {info.state} {info.reason}"
        print(why)
        assert info.state == "completed", why
        found = set(stage.client(BANK).jobs.arrow(job).column(0).to_pylist())
        assert found == {f"K{n:06}" for n in range(rows - shared, rows)}, why


def test_a_node_killed_while_it_registers_registers_one_version_with_one_evaluation(standing: Standing) -> None:
    """Killed at a moment left to chance, then as soon as its request for tags stands on the ledger; asked again each time."""
    stage, chance = standing.stage, random.Random(standing.seed)
    folder = stage.consortium.home(BANK) / "data"
    (folder / "killed.csv").write_text("person,amount\n" + "".join(f"P{n},{n}\n" for n in range(50_000)), "utf-8")
    column = RegisterColumn(name="person", exposure="after-join", normalisation="national-id/1")
    request = RegisterDataset(name="killed", path="killed.csv", title="Killed", columns=[column])

    def ask() -> None:
        with suppress(NodeUnreachable, RefusedByNode):
            stage.client(BANK).datasets.register(request)

    def requests() -> int:
        entries = stage.client(AUDITOR).ledger.log(first=0, count=1000)
        return sum((one.sender, one.kind) == (BANK, "oprf.request/1") for one in entries)

    before, moment = requests(), chance.uniform(0.02, 0.2)

    def until_requested() -> None:
        stage.wait_for("the request", lambda: requests() > before)

    for wait in (partial(time.sleep, moment), until_requested):
        asking = threading.Thread(target=ask)
        asking.start()
        wait()
        stage.kill(BANK)
        asking.join()
        stage.restart(BANK)
    told = f"{SEED_VARIABLE}={standing.seed}, killed after {moment:.3f} s and at its request"
    assert stage.client(BANK).datasets.register(request) == "bank/killed/1", told
    reached = stage.client(BANK).status().height
    stage.wait_for("the registration known to the auditor", lambda: stage.client(AUDITOR).status().height >= reached)
    entries = stage.client(AUDITOR).ledger.log(first=0, count=1000)
    mine = [one for one in entries if one.sender == BANK and one.outcome == "ok"]
    used = {one.body["dataset"]: one.body["evaluation"] for one in mine if one.kind == "dataset.register/1"}
    assert [one for one in used if one.startswith("bank/killed/")] == ["bank/killed/1"], told
    asked = [one.body["id"] for one in mine if one.kind == "oprf.request/1"]
    assert sorted(asked) == sorted(used.values()), told


def test_a_full_disk_stops_one_node_and_loses_nothing(standing: Standing) -> None:
    stage = standing.stage
    name = standing.exchange.register(tables.TELECOM, standing.exchange.examples()).info.dataset.split("/")[1]
    before = stage.client(TELECOM).ledger.log(first=0, count=1000)
    with home_on_a_small_disk(standing, TELECOM) as filler:
        kept = stage.client(TELECOM).datasets.set_budget(BudgetRequest(name=name, limit=1000))
        fill(filler)
        budgets = [BudgetRequest(name="bank-customers", limit=limit) for limit in range(2000, 2010)]
        others = [stage.client(BANK).datasets.set_budget(one) for one in budgets]  # the other three are a quorum
        with pytest.raises(RefusedByNode) as refused:
            stage.client(TELECOM).datasets.set_budget(BudgetRequest(name=name, limit=3000))
        assert refused.value.code.endswith("full"), refused.value.code
        filler.unlink()
        stage.wait_for("the node catches up", lambda: stage.client(TELECOM).status().log_size > others[-1].index)
        after = stage.client(TELECOM).ledger.log(first=0, count=1000)
        assert [one.digest for one in after[: len(before)]] == [one.digest for one in before]
        assert after[kept.index].digest == kept.transaction
        assert [after[one.index].digest for one in others] == [one.transaction for one in others]
        stage.client(TELECOM).datasets.set_budget(BudgetRequest(name=name, limit=4000))


def test_nothing_that_was_written_down_holds_a_secret_or_a_row(standing: Standing, answer: Answer) -> None:
    """Runs last: the logs of everything above, a job that was killed included."""
    place = standing.stage.consortium
    logs = [*place.folder.glob("*/log/*"), *place.folder.glob("*.log")]
    assert len(logs) > 2 * len(ORGS)
    text = b"\n".join(path.read_bytes() for path in logs)
    assert answer.job.job.encode() in text, "jobs are logged by their identifiers"
    for what, secret in secrets_of(standing):
        for form in (secret, secret.hex().encode()):
            assert form not in text, what
    persons = known_persons(standing.exchange)
    assert not identifiers_in(text.decode("utf-8", "replace")) & persons
    for path in place.folder.glob("*/jobs/**/*"):
        if path.is_file():
            assert not identifiers_in(path.read_bytes().decode("utf-8", "replace")) & persons, path


def test_the_search_for_identifiers_would_find_one(standing: Standing) -> None:
    folder = standing.exchange.examples()
    for table in tables.TABLES:
        spelled = " ".join(row[0] for row in tables.read_rows(table, folder)[:20])
        assert len(identifiers_in(f'{{"message": "{spelled}"}}') & known_persons(standing.exchange)) >= 15


_LIKE_AN_IDENTIFIER = re.compile(r"[A-Za-z]{2}[-\s]?\d[\d\s]{5,8}\d[-\s]?[A-Za-z]")


def spellings_of(persons: set[bytes], exchange: Exchange) -> set[str]:
    """What the bank writes for these persons; of some it has several rows, spelt in two ways."""
    cells = {cell for cell, *_ in tables.read_rows(tables.BANK, exchange.examples())}
    return {cell for cell in cells if in_normal_form(cell) & persons}


def known_persons(exchange: Exchange) -> set[bytes]:
    """Everybody's identifier, in all tables that were used, in the normal form."""
    folders = (exchange.examples(), exchange.grown(KILL_ROWS))
    return {one for folder in folders for table in tables.TABLES for one in tables.clear_identifiers(table, folder)}


def identifiers_in(text: str) -> set[bytes]:
    """Whatever in a text reads as an identifier, however it is spelled, in the normal form."""
    return set().union(*(in_normal_form(match[0]) for match in _LIKE_AN_IDENTIFIER.finditer(text)))


def in_normal_form(spelled: str) -> set[bytes]:
    """The identifier; nothing if it is none."""
    try:
        return {normalise(parse_rule(tables.ID_RULE), spelled)}
    except IdentifierError:
        return set()


def secrets_of(standing: Standing) -> Iterator[tuple[str, bytes]]:
    """Everything that must never be written down: passphrase, tokens, private keys."""
    place = standing.stage.consortium
    yield "the passphrase", place.passphrase_file.read_bytes()
    for org in ORGS:
        for token in (place.home(org) / "tokens").iterdir():
            yield f"token {token.name} of {org}", token.read_bytes().strip()
        for label, key in place.steal_keys(org).items():
            match key:
                case SecretKey():
                    yield f"key {label}", key.expose_seed()
                case TlsKey():
                    yield f"key {label}", key.expose_scalar()


@contextmanager
def home_on_a_small_disk(standing: Standing, org: str) -> Iterator[Path]:
    """Move a node's home to a small file system of its own for a while; a file on it, to fill it with."""
    stage = standing.stage
    home = stage.consortium.home(org)
    aside = home.with_name(f"{org}-aside")
    stage.nodes[org].stop()
    home.rename(aside)
    home.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(home)], check=False, capture_output=True)
    try:
        atoll_require("tmpfs", present=mounted.returncode == 0)
        subprocess.run(["cp", "-a", f"{aside}/.", str(home)], check=True)
        stage.restart(org)
        yield home / "filler"
        stage.nodes[org].stop()
        subprocess.run(["cp", "-a", f"{home}/.", str(aside)], check=True)
    finally:
        stage.nodes[org].stop()
        if mounted.returncode == 0:
            subprocess.run(["umount", str(home)], check=True)
        home.rmdir()
        aside.rename(home)
        stage.restart(org)


def fill(path: Path) -> None:
    """Write until the file system is full."""
    with path.open("wb", buffering=0) as file:
        for chunk in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * chunk)
            except OSError:
                continue
