"""Three organisations and more in one intersection."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.jobs.errors import BadPlan
from atoll.jobs.intersection import GrantUse, IntersectionSpec, Output, Side
from atoll.jobs.kind import Inputs
from atoll.ledger.plan import Plan, PlanInput
from atoll.protocols.psi.errors import PeerSetTooLarge, TooManyRows
from atoll.protocols.pump import pump
from atoll.protocols.role import Party
from atoll.wire.message import encode_message
from tests.unit.jobs.world import BANK, BUREAU, KIND, OWNER, RECEIVER, SECOND, SEEDS, TELECOM, given, plan_of, run, spec

THIRD = Party("owner", 1)
THREE = spec(owners=(BUREAU, TELECOM), protocol="", keys_per_round=0)


def people(*keys: str) -> list[tuple[str, str]]:
    return [(key, "x") for key in keys]


def inputs(bank: str, bureau: str, telecom: str, *, runs: int = 1) -> dict[Party, Inputs]:
    sides = {RECEIVER: bank, OWNER: bureau, THIRD: telecom}
    names = {RECEIVER: ("id", "name"), OWNER: ("national_id", "full_name"), THIRD: ("nid", "who")}
    return {at: given(people(*keys), names=names[at], runs=runs) for at, keys in sides.items()}


def test_the_receiver_learns_what_all_have_and_nobody_else_gets_anything() -> None:
    job = plan_of(THREE)
    KIND.check(job)
    done = run(job, inputs("ABCDE", "CDEFG", "EXDYA"))
    assert [row[0] for row in done[RECEIVER].result.rows()] == ["D", "E"]
    assert done[OWNER].result is done[THIRD].result is None
    assert len({one.result_commitment for one in done.outputs.values()}) == 1


@pytest.mark.parametrize(
    ("bank", "bureau", "telecom"), [("", "", ""), ("A", "A", ""), ("", "A", "A"), ("A", "A", "A"), ("AB", "A", "B")]
)
def test_small_sets_of_three_end_right(bank: str, bureau: str, telecom: str) -> None:
    done = run(plan_of(THREE), inputs(bank, bureau, telecom))
    assert {row[0] for row in done[RECEIVER].result.rows()} == set(bank) & set(bureau) & set(telecom)


def test_sets_that_overlap_in_pairs_make_messages_of_the_same_number_and_lengths_as_sets_that_do_not() -> None:
    def lengths(*sides: str) -> list[tuple[Party, Party, int]]:
        return [(one.sender, one.recipient, len(one.packet.data)) for one in run(plan_of(THREE), inputs(*sides)).transcript]

    assert lengths("ABCDE", "ABCDF", "EFGHI") == lengths("ABCDE", "FGHIJ", "KLMNO") == lengths("ABCDE", "FGHIJ", "ABCDE")


def test_a_job_of_three_resumes() -> None:
    whole = run(plan_of(THREE), inputs("ABC", "BCD", "CDE"))
    for state in zip(*whole.checkpoints.values(), strict=True):
        again = run(plan_of(THREE), inputs("ABC", "BCD", "CDE"), dict(zip(whole.checkpoints, state, strict=True)))
        assert again[RECEIVER].result.rows() == whole[RECEIVER].result.rows()


def test_each_of_three_keeps_to_its_own_cap_and_not_to_the_largest() -> None:
    job = plan_of(THREE)
    for liar in (RECEIVER, OWNER, THIRD):
        tight = replace(job, inputs=tuple(replace(one, rows_cap=3) if at_of(one) == liar else one for one in job.inputs))
        for knows in (True, False):  # the one with too many rows has the plan that all have, or another
            parts = {
                at: KIND.program(tight if knows or at != liar else job, at, one, seed=SEEDS[at])
                for at, one in inputs("ABCD", "ABCD", "ABCD").items()
            }
            with pytest.raises((TooManyRows, PeerSetTooLarge)):
                pump(parts)


def at_of(line: PlanInput) -> Party:
    return Party(line.role, line.index)


def two_of_three() -> Plan:
    """Bank and bureau receive; the telecom does not."""
    return plan_of(
        replace(
            THREE,
            receivers=(
                replace(BANK, grants=(GrantUse(grant=bytes([1] * 16), version=1),)),
                replace(BUREAU, grants=(GrantUse(grant=bytes([2] * 16), version=1),)),
            ),
            owners=(
                replace(
                    TELECOM, grants=(GrantUse(grant=bytes([3] * 16), version=1), GrantUse(grant=bytes([4] * 16), version=1))
                ),
            ),
        )
    )


def test_two_of_three_receive_each_by_grants_of_both_others() -> None:
    job = two_of_three()
    KIND.check(job)
    assert [(line.dataset.split("/")[0], line.grant[:1].hex()) for line in job.inputs] == [
        *(("telecom", "03"), ("bank", ""), ("bureau", "02")),
        *(("telecom", "04"), ("bank", "01"), ("bureau", "")),
    ]
    assert [one.receivers for one in KIND.demands(job)] == [("bank",)] * 3 + [("bureau",)] * 3
    sides = inputs("ABCDE", "CDEFG", "EXDYA", runs=2)
    done = run(job, {RECEIVER: sides[RECEIVER], SECOND: sides[OWNER], OWNER: sides[THIRD]})
    assert [row[0] for row in done[RECEIVER].result.rows()] == ["D", "E"]
    assert [row[0] for row in done[SECOND].result.rows()] == ["D", "E"]
    assert done[OWNER].result is None


def five() -> IntersectionSpec:
    use = (GrantUse(grant=bytes(16), version=1),)
    owners = tuple(replace(BUREAU, org=f"owner-{at}", dataset=f"owner-{at}/files/1", grants=use) for at in range(4))
    return replace(THREE, owners=owners)


def test_five_say_for_each_of_thirty_one_sets_what_it_could_read_and_the_plan_still_fits_a_message() -> None:
    job = plan_of(five())
    assert len({one.members for one in job.coalitions}) == len(job.coalitions) == 31
    assert len(encode_message(job)) < 60_000


def test_six_organisations_with_long_names_and_wide_keys_still_fit_a_message() -> None:
    wide = tuple(f"{'c' * 36}{at}" for at in range(4))
    rules = ("text/1",) * 4
    use = (GrantUse(grant=bytes(16), version=1),)

    def side(org: str, grants: tuple[GrantUse, ...]) -> Side:
        return replace(BANK, org=org, dataset=f"{org}/{'d' * 39}/1", columns=wide, normalisation=rules, grants=grants)

    orgs = [f"{'o' * 38}{at}" for at in range(6)]
    asked = replace(THREE, receivers=(side(orgs[0], ()),), owners=tuple(side(org, use) for org in orgs[1:]))
    assert len(encode_message(plan_of(asked))) < 60_000


@pytest.mark.parametrize("output", [Output.CARDINALITY, Output.SUM, Output.ROWS])
def test_what_no_protocol_gives_to_three_is_refused_with_the_reason(output: Output) -> None:
    shows = {Output.SUM: ("debt",), Output.ROWS: ("debt",)}.get(output, ())
    second = ("lines",) if output is Output.ROWS else ()
    asked = replace(THREE, owners=(replace(BUREAU, shows=shows), replace(TELECOM, shows=second)), output=output)
    with pytest.raises(BadPlan, match="it is for 2 organisations"):
        KIND.draft(asked)
