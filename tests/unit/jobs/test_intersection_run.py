"""Intersections from inputs to results, by every protocol there is."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from atoll.errors import AtollError
from atoll.jobs.errors import BadInputs, BadResult, PayloadTooLong
from atoll.jobs.intersection import Join, Output, Security
from atoll.jobs.intersection.program import run_context
from atoll.jobs.intersection.protocols import PROTOCOLS
from atoll.jobs.intersection.shape import Shape
from atoll.jobs.kind import Input, Inputs, Outcome
from atoll.jobs.result import verify_result
from atoll.ledger.plan import Plan
from atoll.protocols.psi.memory import MemoryItems
from atoll.protocols.pump import pump
from atoll.protocols.role import Party
from atoll.wire.cbor import decode
from tests.unit.jobs.world import (
    BANK,
    BANK_ROWS,
    BUREAU,
    BUREAU_ROWS,
    INCOMES,
    KIND,
    OWNER,
    RECEIVER,
    SECOND,
    SEEDS,
    SHARED,
    altered,
    given,
    mutual,
    plan,
    plan_of,
    rows_job,
    run,
    spec,
)

TWO = {OWNER: given(BUREAU_ROWS), RECEIVER: given(BANK_ROWS)}
FOR_TWO = [one.name for one in PROTOCOLS.values() if not one.why_not(Shape(receiver_rows=10, owner_rows=(8,)))]
MORE = replace(altered("bank", rows_cap=1024), protocol="psi-rr22")  # which bounds nothing where a cap is low
JOBS = {
    **{name: plan_of(spec(protocol=name)) for name in FOR_TWO},
    "psi-rr22": plan_of(MORE),
    "low-communication": plan_of(replace(MORE, variant="low-communication")),
    "malicious": plan_of(replace(MORE, security=Security.MALICIOUS)),
}
TABLE = "psi-oprf-ristretto255"
WITHOUT_TABLE = {name: job for name, job in JOBS.items() if name != TABLE}
every_protocol_without_a_table = pytest.mark.parametrize("job", WITHOUT_TABLE.values(), ids=WITHOUT_TABLE.keys())
"""A table is of an epoch and of no job, and rounded up: what binds it to the plan is the sealing of the session."""
every_protocol = pytest.mark.parametrize("job", JOBS.values(), ids=JOBS.keys())


@every_protocol
def test_the_receiver_gets_matches_in_its_own_spelling_and_the_owner_gets_a_commitment(job: Plan) -> None:
    done = run(job, TWO)
    bank: Outcome = done[RECEIVER]
    bureau: Outcome = done[OWNER]
    assert bank.result is not None and bank.opening is not None
    assert bank.result.columns == ("id", "name")
    assert bank.result.rows() == [BANK_ROWS[2], BANK_ROWS[3]]
    assert bank.counts == {"own": 3, "matched": 2}
    assert (bureau.result, bureau.opening, bureau.counts) == (None, None, {"own": 4})
    assert bureau.result_commitment == bank.result_commitment
    verify_result(bank.result, bank.opening, bureau.result_commitment)


@every_protocol
def test_a_resumed_program_ends_with_the_same_commitment(job: Plan) -> None:
    whole = run(job, TWO)
    assert len(whole.checkpoints[OWNER]) >= 1
    for states in zip(*whole.checkpoints.values(), strict=True):
        again = run(job, TWO, dict(zip(whole.checkpoints, states, strict=True)))
        assert [one.result_commitment for one in again.outputs.values()] == [whole[OWNER].result_commitment] * 2


def test_another_attempt_commits_under_another_opening() -> None:
    job = plan()
    again = pump({at: KIND.program(job, at, one, seed=bytes([at == OWNER] * 32)) for at, one in TWO.items()})
    assert again[RECEIVER].result == run(job, TWO)[RECEIVER].result
    assert again[RECEIVER].result_commitment != run(job, TWO)[RECEIVER].result_commitment


@every_protocol_without_a_table
def test_nodes_whose_plans_differ_by_one_bit_of_salt_do_not_understand_each_other(job: Plan) -> None:
    other = replace(job, salt=bytes(32))
    parts = {
        OWNER: KIND.program(other, OWNER, TWO[OWNER], seed=SEEDS[OWNER]),
        RECEIVER: KIND.program(job, RECEIVER, TWO[RECEIVER], seed=SEEDS[RECEIVER]),
    }
    try:
        done = pump(parts)
    except AtollError:
        return
    assert len(done[RECEIVER].result) == 0


@every_protocol_without_a_table
@pytest.mark.parametrize(("owner", "receiver"), [(3, 10), (8, 2)], ids=["owner", "receiver"])
def test_the_row_caps_of_the_plan_hold_on_both_sides(job: Plan, owner: int, receiver: int) -> None:
    caps = {"owner": owner, "receiver": receiver}
    tight = replace(job, inputs=tuple(replace(one, rows_cap=caps[one.role]) for one in job.inputs))
    for liar in (None, OWNER, RECEIVER):
        parts = {at: KIND.program(job if at == liar else tight, at, one, seed=SEEDS[at]) for at, one in TWO.items()}
        with pytest.raises(AtollError):
            pump(parts)


@every_protocol
@pytest.mark.parametrize(
    ("ours", "theirs", "common"),
    [
        ([], [], 0),
        ([], ["a"], 0),
        (["a"], [], 0),
        (["a"], ["a"], 1),
        (["a"], ["b"], 0),
        (list("abcdefgh"), list("hgfedcba"), 8),
    ],
    ids=["both-empty", "receiver-empty", "owner-empty", "one-equal", "one-other", "all-equal"],
)
def test_small_sets_end_right(job: Plan, ours: list[str], theirs: list[str], common: int) -> None:
    inputs = {OWNER: given([(one, "x") for one in theirs]), RECEIVER: given([(one, "X") for one in ours])}
    done = run(job, inputs)
    assert done[RECEIVER].counts == {"own": len(ours), "matched": common}
    assert done[OWNER].result_commitment == done[RECEIVER].result_commitment


# -- forms of the result ------------------------------------------------------------------------------------------------------


@every_protocol
def test_identifiers_stand_in_the_result_once_a_spelling(job: Plan) -> None:
    done = run(job, {OWNER: given([("AT1", "ANN"), ("AT1", "ANN"), ("7", "bob")]), RECEIVER: given([*SHARED, SHARED[0]])})
    assert done[RECEIVER].result.rows() == SHARED[:3]
    assert done[RECEIVER].counts["matched"] == 2


def test_with_kept_columns_every_own_row_that_matches_gives_a_line() -> None:
    job = plan_of(altered("bank", keeps=("debt",)))
    mine = given([(*row, str(at)) for at, row in enumerate([*SHARED, SHARED[0]])], names=("id", "name", "debt"))
    done = run(job, {OWNER: given([("AT1", "ANN"), ("7", "bob")]), RECEIVER: mine})
    assert done[RECEIVER].result.columns == ("id", "name", "debt")
    assert [row[2] for row in done[RECEIVER].result.rows()] == ["0", "1", "2", "5"]


def test_an_anti_join_gives_the_rows_that_do_not_match_those_without_a_key_among_them() -> None:
    job = plan_of(replace(altered("bank", keeps=("debt",)), join=Join.ANTI))
    mine = given([(*row, str(at)) for at, row in enumerate(SHARED)], names=("id", "name", "debt"))
    done = run(job, {OWNER: given([("AT1", "ANN")]), RECEIVER: mine})
    assert [row[2] for row in done[RECEIVER].result.rows()] == ["2", "3", "4"]


def test_rows_join_as_sql_does_every_own_row_with_every_row_of_the_owner_that_has_its_key() -> None:
    done = run(rows_job(), {OWNER: INCOMES, RECEIVER: given(SHARED)})
    result = done[RECEIVER].result
    assert (
        result.columns == ("id", "name", "income", "bureau.name") == tuple(one.name for one in KIND.result_schema(rows_job()))
    )
    assert result.rows() == [
        ("AT1", "ann", "100", "a"),
        ("AT1", "ann", "200", "c"),
        ("at-1", "Ann", "100", "a"),
        ("at-1", "Ann", "200", "c"),
        ("7", "bob", "50", ""),
    ]
    assert done[RECEIVER].counts == {"own": 4, "matched": 2}


def test_a_left_join_keeps_the_rows_without_a_match_and_puts_no_cells_beside_them() -> None:
    done = run(rows_job(Join.LEFT), {OWNER: INCOMES, RECEIVER: given(SHARED)})
    assert done[RECEIVER].result.rows()[5:] == [("", "nobody", None, None), ("8", "eve", None, None)]


def test_a_join_of_nothing_has_the_columns_all_the_same() -> None:
    for mine, theirs in (([], []), (SHARED, []), ([], [("AT1", "ANN", "100", "a")])):
        inputs = {OWNER: given(theirs, names=("i", "n", "income", "name")), RECEIVER: given(mine)}
        done = run(rows_job(), inputs)
        assert (len(done[RECEIVER].result), len(done[RECEIVER].result.columns)) == (0, 4)


def test_a_payload_that_does_not_fit_ends_the_run_and_shows_no_cell() -> None:
    with pytest.raises(PayloadTooLong) as caught:
        run(rows_job(payload_bytes=8), {OWNER: INCOMES, RECEIVER: given(SHARED)})
    assert "200" not in str(caught.value)


def test_the_join_is_the_one_that_sql_forms() -> None:
    """Against SQLite, on tables full of equal keys."""
    chance = random.Random(7)
    mine = [(f"K{chance.randrange(9)}", "x", str(at)) for at in range(30)]
    theirs = [(f"K{chance.randrange(4, 12)}", "x", str(at)) for at in range(25)]
    job = plan_of(
        replace(
            spec(
                receivers=(replace(BANK, keeps=("a",), rows_cap=30),),
                owners=(replace(BUREAU, shows=("b",), rows_cap=25),),
                output=Output.ROWS,
                join=Join.LEFT,
                payload_bytes=200,
                protocol="",
            )
        )
    )
    done = run(job, {OWNER: given(theirs, names=("i", "n", "b")), RECEIVER: given(mine, names=("id", "name", "a"))})
    base = sqlite3.connect(":memory:")
    base.execute("create table m(id, name, a)")
    base.execute("create table t(id, name, b)")
    base.executemany("insert into m values (?, ?, ?)", mine)
    base.executemany("insert into t values (?, ?, ?)", theirs)
    joined = base.execute("select m.id, m.name, m.a, t.b from m left join t on m.id = t.id and m.name = t.name").fetchall()
    assert sorted(done[RECEIVER].result.rows(), key=repr) == sorted(joined, key=repr)


# -- tables -------------------------------------------------------------------------------------------------------------------


def oprf(**changes: Any) -> Plan:
    return plan_of(spec(protocol=TABLE, **changes))


def test_a_table_is_sent_once_an_epoch() -> None:
    def sent(job: Plan) -> int:
        done = run(job, kept)
        assert done[RECEIVER].counts == {"own": 3, "matched": 2}
        return sum(len(packet.data) for packet in done.said(OWNER, RECEIVER))

    kept = {OWNER: given(BUREAU_ROWS), RECEIVER: given(BANK_ROWS)}
    first, second, other_epoch = sent(oprf()), sent(oprf()), sent(oprf(epoch=1))
    assert second < first == other_epoch


def test_a_table_of_another_version_or_of_other_columns_is_another_table() -> None:
    kept = {OWNER: given(BUREAU_ROWS), RECEIVER: given(BANK_ROWS)}
    run(oprf(), kept)
    newer = altered("bureau", dataset="bureau/files/4")
    other = spec(
        owners=(replace(BUREAU, columns=("national_id",), normalisation=("national-id/1",)),),
        receivers=(replace(BANK, columns=("id",), normalisation=("national-id/1",)),),
    )
    for asked in (newer, other):
        job = plan_of(replace(asked, protocol=TABLE))
        again = {
            at: replace(one, lasting=replace(one.lasting, versions={**one.lasting.versions, "bureau/files/4": bytes([9] * 32)}))
            for at, one in kept.items()
            if one.lasting is not None
        }
        before = len(again[OWNER].lasting.tables._tables)  # type: ignore[union-attr]
        run(job, again)
        assert len(again[OWNER].lasting.tables._tables) == before + 1  # type: ignore[union-attr]


def test_a_receiver_looks_up_no_more_than_its_cap() -> None:
    job = oprf()
    tight = replace(job, inputs=tuple(replace(one, rows_cap=2) if one.role == "receiver" else one for one in job.inputs))
    for liar in (None, OWNER, RECEIVER):
        inputs = {OWNER: given(BUREAU_ROWS), RECEIVER: given(BANK_ROWS)}
        parts = {at: KIND.program(job if at == liar else tight, at, one, seed=SEEDS[at]) for at, one in inputs.items()}
        with pytest.raises(AtollError):
            pump(parts)


def test_the_owners_node_notes_what_each_grantee_has_looked_up_and_the_grantees_pins_the_key() -> None:
    kept = {OWNER: given(BUREAU_ROWS), RECEIVER: given(BANK_ROWS)}
    run(oprf(), kept)
    noted = {at: one.lasting.tables._notes for at, one in kept.items() if one.lasting}  # type: ignore[attr-defined]
    assert [name for _, name in noted[OWNER]] == ["look ups"]
    ((who, _, _, count),) = decode(next(iter(noted[OWNER].values())))
    assert (who, count) == ("bank", 3)
    assert [name for _, name in noted[RECEIVER]] == ["public key"]


def test_a_node_without_a_place_for_tables_says_so() -> None:
    with pytest.raises(BadInputs):
        run(oprf(), {at: replace(one, lasting=None) for at, one in TWO.items()})
    assert KIND.lasts(oprf())
    assert not KIND.lasts(plan())


# -- several receivers --------------------------------------------------------------------------------------------------------


def both() -> dict[Party, Inputs]:
    theirs = given(BUREAU_ROWS, names=("national_id", "full_name"), runs=2)
    return {RECEIVER: given(BANK_ROWS, runs=2), SECOND: theirs}


def test_of_two_receivers_each_gets_its_own_spelling_and_both_sign_for_one_commitment() -> None:
    done = run(plan_of(mutual()), both())
    bank, bureau = done[RECEIVER], done[SECOND]
    assert bank.result.rows() == [BANK_ROWS[2], BANK_ROWS[3]]
    assert bureau.result.rows() == [BUREAU_ROWS[0], BUREAU_ROWS[1]]
    assert bank.result_commitment == bureau.result_commitment
    for one in (bank, bureau):
        verify_result(one.result, one.opening, bank.result_commitment)
        for wrong in (one.opening[:32], one.opening[:-1], one.opening + bytes(32), bytes(32) + one.opening[32:]):
            with pytest.raises(BadResult):
                verify_result(one.result, wrong, bank.result_commitment)
    with pytest.raises(BadResult):
        verify_result(bank.result, bureau.opening, bank.result_commitment)


@pytest.mark.parametrize("mine", [BANK_ROWS, [("1", "of no other")]], ids=["common", "nothing-common"])
def test_a_job_of_two_receivers_resumes_in_either_run_with_what_the_first_one_gave(mine: list[tuple[str, str]]) -> None:
    inputs = both() | {RECEIVER: given(mine, runs=2)}
    plan = plan_of(mutual(keys_per_round=1))
    whole = run(plan, inputs)
    states = list(zip(*whole.checkpoints.values(), strict=True))
    assert len(states) >= 4
    for state in states:
        again = run(plan, inputs, dict(zip(whole.checkpoints, state, strict=True)))
        assert again.outputs == whole.outputs


def test_nothing_that_is_said_in_one_run_means_anything_in_the_other() -> None:
    done = run(plan_of(mutual()), both())
    frames = [packet.data for packet in done.said(RECEIVER, SECOND) if b"set-size" not in packet.data]
    assert len(set(frames)) == len(frames)


def test_each_run_has_a_context_of_its_own() -> None:
    contexts = {run_context(digest, number) for digest in (bytes(32), bytes([1] * 32)) for number in range(6)}
    assert len(contexts) == 12


# -- what comes in -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("me", "inputs"),
    [
        (Party("owner", 1), given(BANK_ROWS)),
        (Party("compute"), given(BANK_ROWS)),
        (OWNER, Inputs()),
        (OWNER, Inputs((Input(MemoryItems([])), Input(MemoryItems([]))))),
        (RECEIVER, Inputs((Input(MemoryItems([b"a"])),))),
    ],
    ids=["other-index", "other-role", "none", "two", "no-columns"],
)
def test_a_program_takes_only_what_its_place_brings(me: Party, inputs: Inputs) -> None:
    with pytest.raises(BadInputs):
        KIND.program(plan(), me, inputs, seed=bytes(32))


def test_neither_outcome_nor_inputs_print_what_is_in_them() -> None:
    done = run(plan(), TWO)
    for shown in (repr(done[RECEIVER]), repr(done[OWNER]), repr(given(BANK_ROWS))):
        assert "Bob" not in shown and "BOB" not in shown
        assert repr(done[RECEIVER].opening) not in shown


def test_the_estimate_bounds_what_is_sent() -> None:
    for job in JOBS.values():
        for one, other in ((OWNER, RECEIVER), (RECEIVER, OWNER)):
            sent = sum(len(packet.data) for packet in run(job, TWO).said(one, other))
            assert sent <= KIND.estimate(job).traffic_bytes
