"""What an honest bundle gives, and each single thing that must be as it is."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest

from atoll.ledger.evidence import verify_result_opening
from atoll.ledger.evidence.errors import (
    Contradiction,
    EvidenceError,
    IncompleteEvidence,
    KeyNotInForce,
    MalformedEntry,
    NotExportable,
    NotProven,
    UnexpectedEntry,
    WrongOpening,
)
from atoll.ledger.plan import Plan, PlanOutput, PlanParty
from atoll.ledger.records import (
    Dataset,
    DatasetState,
    Grant,
    GrantState,
    Job,
    JobState,
    Key,
    Member,
    MemberState,
)
from atoll.ledger.rules import job as job_rules
from atoll.ledger.rules.job import ExpireJob, FailJob, RefuseJob, WithdrawJob
from atoll.wire.message import encode_message
from tests.unit.evidence.world import CUSTOMERS, FILES, GRANT, JOB, OPENING, RESULT, World, cut_plan, number_of, pack, unpack

# -- the honest story ----------------------------------------------------------------------------------------------------------


def test_a_completed_job_is_told_as_it_happened(world: World, bundle: bytes) -> None:
    found = world.verify(bundle, now=world.ledger.time + 32)
    assert found.state is JobState.COMPLETED
    assert found.plan == world.plan and found.closed == ()
    assert (found.proposal.org, found.proposal.height) == ("bank", 4)
    assert [(one.act.org, one.act.height, one.act.kid) for one in found.consents] == [
        ("bank", 5, "bank/identity/1"),
        ("bureau", 6, "bureau/identity/1"),
    ]
    assert found.start is not None and (found.start.org, found.start.height) == ("bank", 7)
    assert [one.act.org for one in found.receipts] == ["bank", "bureau"]
    assert all(one.detail is not None and one.detail.org == one.act.org for one in found.receipts)
    assert [(one.dataset, one.owner, one.grant) for one in found.uses] == [(FILES, "bureau", GRANT), (CUSTOMERS, "bank", b"")]
    assert found.uses[0].terms is not None and found.uses[0].terms["assignee"] == "bank"
    assert found.uses[1].card is not None and found.uses[1].card["dataset"] == CUSTOMERS
    assert found.entries == len(unpack(bundle))
    assert found.age_seconds == 30


def test_the_finding_says_who_stands_for_it_in_the_words_of_every_screen(world: World, bundle: bytes) -> None:
    standing = world.verify(bundle).standing
    assert standing.kind == "tamper-evident under one operator, cosigned by 3 of 3"
    assert (standing.quorum, standing.counted, standing.sequencer, standing.steps) == (3, 3, "operator", 0)
    assert dict(standing.cosigned_at) == dict.fromkeys(("auditor", "bank", "bureau"), world.ledger.time + 2)
    assert (standing.size, standing.root) == (world.ledger.log.size, world.ledger.log.root())


def test_the_result_opens_the_receipts_commitment_and_no_other_does(world: World, bundle: bytes) -> None:
    found = world.verify(bundle)
    verify_result_opening(found, RESULT, OPENING)
    for result, opening in ((RESULT + b"!", OPENING), (RESULT, b"\x10" * 32), (RESULT, b"")):
        with pytest.raises(WrongOpening):
            verify_result_opening(found, result, opening)
    with pytest.raises(WrongOpening):
        verify_result_opening(replace(found, result_commitment=None), RESULT, OPENING)


def test_the_finding_is_plain_json(world: World, bundle: bytes) -> None:
    plain = world.verify(bundle, now=world.ledger.time).to_plain()
    assert plain["job_id"] == JOB.hex() and plain["state"] == "completed" and plain["age_seconds"] == -2
    assert plain["plan"]["purpose"] == "credit-check"
    assert plain["receipts"][0]["detail"]["protocol"] == "psi-ecdh-curve25519"


def test_bodies_may_stay_closed(world: World) -> None:
    closed = {"plan", "detail of bank", f"terms of grant {GRANT.hex()}"}
    found = world.verify(world.export(selective=closed))
    assert set(found.closed) == closed
    assert found.plan is None and found.receipts[0].detail is None and found.receipts[1].detail is not None
    assert found.uses[0].terms is None and found.plan_digest == world.digest


# -- jobs that ended otherwise -------------------------------------------------------------------------------------------------


def refused() -> World:
    """The lying initiator: no grant, a refusal signed by the owner's node."""
    world = World().propose()
    return world.do("bureau", RefuseJob(job_id=JOB, code="policy.no_grant"))


ENDINGS: dict[JobState, Callable[[], World]] = {
    JobState.PROPOSED: lambda: World().propose(),
    JobState.CONSENTED: lambda: World().propose().consent(),
    JobState.STARTED: lambda: World().register().propose().consent().start().receipts("bank"),
    JobState.REFUSED: refused,
    JobState.WITHDRAWN: lambda: World().propose().consent("bureau").do("bureau", WithdrawJob(job_id=JOB)),
    JobState.EXPIRED: lambda: World().propose().block(seconds=700).do("auditor", ExpireJob(job_id=JOB)),
    JobState.FAILED: lambda: (
        World().register().propose().consent().start().do("bureau", FailJob(job_id=JOB, code="job.memory"))
    ),
    JobState.UNACKNOWLEDGED: lambda: (
        World()
        .register()
        .propose()
        .consent()
        .start()
        .receipts("bureau")
        .block(seconds=5000)
        .do("auditor", ExpireJob(job_id=JOB))
    ),
}


@pytest.mark.parametrize("state", ENDINGS, ids=str)
def test_a_job_is_evidence_whatever_became_of_it(state: JobState) -> None:
    world = ENDINGS[state]()
    found = world.verify(world.export())
    assert found.state is state
    assert (found.start is not None) == (state in (JobState.STARTED, JobState.FAILED, JobState.UNACKNOWLEDGED))
    assert (found.ending is not None) == (state not in (JobState.PROPOSED, JobState.CONSENTED, JobState.STARTED))


def test_a_refusal_names_the_owner_and_its_reason() -> None:
    world = refused()
    found = world.verify(world.export())
    assert found.ending is not None and (found.ending.org, found.ending.entry) == ("bureau", "refusal")
    assert found.reason == "policy.no_grant" and found.uses == ()


# -- nothing can be missing, nothing can be added ------------------------------------------------------------------------------


OPEN = ("plan", "detail of", "card of", "terms of")


def has_one_block_earlier(name: str, entries: dict[str, bytes]) -> bool:
    """Whether the bundle also proves the same record in the state before the block, which serves as well."""
    what, at, height = name.rpartition(" at block ")
    return bool(at) and f"{what}{at}{int(height) - 1}" in entries


def test_nothing_but_a_body_can_be_left_out(world: World, bundle: bytes) -> None:
    entries = unpack(bundle)
    for name in entries:
        rest = pack({other: body for other, body in entries.items() if other != name})
        if name.startswith(OPEN):
            assert world.verify(rest).closed == (name,)
        elif not has_one_block_earlier(name, entries):
            with pytest.raises(IncompleteEvidence) as caught:
                world.verify(rest)
            assert caught.value.name == name or name.startswith(("block ", "job ")), name


def test_a_missing_receipt_is_noticed_because_the_ledger_counts_it(world: World, bundle: bytes) -> None:
    entries = unpack(bundle)
    del entries["receipt of bureau"]
    with pytest.raises(IncompleteEvidence, match="lacks the entry `receipt of bureau`"):
        world.verify(pack(entries))


def test_nothing_can_be_added(world: World, bundle: bytes) -> None:
    entries = unpack(bundle)
    with pytest.raises(UnexpectedEntry, match="consent of telecom"):
        world.verify(pack(entries | {"consent of telecom": entries["consent of bank"]}))


def test_every_entry_is_read_as_what_it_is_called(world: World, bundle: bytes) -> None:
    """Put each entry's bytes under the name of the next; somebody always objects."""
    entries = unpack(bundle)
    names = list(entries)
    for name, other in itertools.pairwise(names):
        with pytest.raises(EvidenceError):
            world.verify(pack(entries | {name: entries[other]}))


# -- the state says what it says -----------------------------------------------------------------------------------------------


def test_a_key_that_was_revoked_before_does_not_sign() -> None:
    world = World().register().propose().consent("bank")
    world.lie(replace(world.get(Key, "bureau/identity/1"), revoked_height=world.ledger.height)).block()
    world.consent("bureau").start().receipts()
    with pytest.raises(KeyNotInForce, match="key bureau/identity/1 was not in force at block 7") as caught:
        world.verify(world.assemble())
    assert caught.value.name == "key bureau/identity/1 at block 6"


def test_a_key_of_the_future_does_not_sign() -> None:
    world = World().register().propose().consent("bank")
    world.lie(replace(world.get(Key, "bureau/identity/1"), from_height=50)).block()
    world.consent("bureau").start().receipts()
    with pytest.raises(KeyNotInForce, match="key bureau/identity/1 was not in force"):
        world.verify(world.assemble())


def test_a_suspended_member_does_not_act() -> None:
    world = World().register().propose().consent("bank")
    world.lie(replace(world.get(Member, "bureau"), state=MemberState.SUSPENDED)).block()
    world.consent("bureau").start().receipts()
    with pytest.raises(KeyNotInForce, match="bureau was suspended at block 7") as caught:
        world.verify(world.assemble())
    assert caught.value.name == "member bureau at block 6"


def test_a_withdrawn_dataset_is_not_used() -> None:
    world = World().register().propose().consent()
    world.lie(replace(world.get(Dataset, FILES), state=DatasetState.WITHDRAWN)).block()
    world.start().receipts()
    with pytest.raises(KeyNotInForce, match="bureau/files/1 was withdrawn, owned by bureau, when the job started"):
        world.verify(world.assemble())


def test_somebody_elses_dataset_is_not_brought() -> None:
    world = World().register().propose().consent()
    world.lie(replace(world.get(Dataset, FILES), owner="bank")).block()
    world.start().receipts()
    with pytest.raises(KeyNotInForce, match="owned by bank, when the job started"):
        world.verify(world.assemble())


@pytest.mark.parametrize(
    "change",
    [{"state": GrantState.REVOKED}, {"version": 2}],
    ids=["revoked", "another version"],
)
def test_a_grant_that_is_not_in_force_carries_nothing(change: dict[str, object]) -> None:
    world = World().register().propose().consent()
    grant = world.get(Grant, GRANT.hex())
    world.lie(Grant(**{name: getattr(grant, name) for name in grant.to_map()} | change)).block()
    world.start().receipts()
    with pytest.raises(KeyNotInForce, match="did not carry this job"):
        world.verify(world.assemble())


@pytest.fixture
def lax(monkeypatch: pytest.MonkeyPatch) -> None:
    """No line for a receiver is missed, no grant asked for: what a quorum that cheats, or a fault in the rules, could do."""
    monkeypatch.setattr(job_rules, "unshared", lambda *_: "")
    monkeypatch.setattr(job_rules, "_charge", lambda *_, **__: None)


def other_receivers(world: World, *orgs: str, **changes: object) -> Plan:
    """The plan, with these receivers and the bureau as owner."""
    owner = PlanParty(role="owner", index=0, org="bureau")
    receivers = (PlanParty(role="receiver", index=at, org=org) for at, org in enumerate(orgs))
    outputs = tuple(PlanOutput(index=at, gets=("identifiers",)) for at, _ in enumerate(orgs))
    return cut_plan(world, parties=(owner, *receivers), outputs=outputs, **changes)


@pytest.mark.usefixtures("lax")
def test_a_grant_to_one_receiver_carries_no_job_with_a_second_one() -> None:
    world = World().register()
    world.propose(other_receivers(world, "bank", "operator")).consent("bank", "bureau", "operator").start()
    with pytest.raises(KeyNotInForce, match="does not stand in the job for it"):
        world.verify(world.assemble())


@pytest.mark.usefixtures("lax")
def test_a_line_for_a_second_receiver_does_not_rest_on_the_grant_to_the_first() -> None:
    world = World().register()
    line = cut_plan(world).inputs[0]
    plan = other_receivers(world, "bank", "operator", inputs=(line, replace(line, receiver=1)))
    world.propose(plan).consent("bank", "bureau", "operator").start()
    with pytest.raises(KeyNotInForce, match="did not carry this job"):
        world.verify(world.assemble())


@pytest.mark.usefixtures("lax")
def test_without_a_grant_a_dataset_serves_its_owner_alone() -> None:
    world = World().register()
    inputs = (replace(cut_plan(world).inputs[0], grant=b"", grant_version=0),)
    world.propose(other_receivers(world, "bank", inputs=inputs)).consent().start()
    with pytest.raises(KeyNotInForce, match="without a grant"):
        world.verify(world.assemble())


@pytest.mark.parametrize(
    "change",
    [
        {"plan_digest": b"\x00" * 32},
        {"kind": "statistics"},
        {"receivers": ("bureau",)},
        {"inputs": ()},
        {"not_after": 2**40},
        {"proposed_height": 3},
    ],
    ids=str,
)
def test_the_proposal_is_the_one_that_the_record_tells_of(change: dict[str, object]) -> None:
    world = World().register().propose().consent().start().receipts()
    job = world.get(Job, JOB.hex())
    world.lie(Job(**{name: getattr(job, name) for name in job.to_map()} | change)).block()
    with pytest.raises(EvidenceError) as caught:
        world.verify(world.assemble())
    assert caught.value.code == "evidence.contradiction"
    assert caught.value.name == "proposal"


def test_start_is_the_one_that_the_record_tells_of() -> None:
    world = World().complete()
    world.lie(replace(world.get(Job, JOB.hex()), started_height=6)).block()
    with pytest.raises(Contradiction, match="not the START that the job's record names"):
        world.verify(world.assemble())


def test_start_needs_every_partys_consent() -> None:
    world = World().complete()
    world.lie(replace(world.get(Job, JOB.hex()), consents=("bank",))).block()
    entries = unpack(world.assemble())
    del entries["consent of bureau"]
    for name in ("key bureau/identity/1 at block 6", "member bureau at block 6"):
        del entries[name]
    with pytest.raises(Contradiction, match="it lacks the consent of bureau") as caught:
        world.verify(pack(entries))
    assert caught.value.name == "start"


def test_a_receipt_needs_a_start() -> None:
    world = World().complete()
    world.lie(replace(world.get(Job, JOB.hex()), started_height=0, state=JobState.CONSENTED)).block()
    with pytest.raises(Contradiction, match="nothing that it could be a receipt of"):
        world.verify(world.assemble())


@pytest.mark.parametrize(
    "change",
    [{"started_height": 0}, {"state": JobState.CONSENTED}, {"receipts": ("bank",)}, {"receipts": ()}],
    ids=str,
)
def test_the_record_of_a_job_does_not_contradict_itself(change: dict[str, object]) -> None:
    world = World().complete()
    job = world.get(Job, JOB.hex())
    world.lie(Job(**{name: getattr(job, name) for name in job.to_map()} | change)).block()
    with pytest.raises(Contradiction, match=r"no job is (completed|consented) that way") as caught:
        world.verify(world.assemble())
    assert caught.value.name == f"job {JOB.hex()} at block {world.ledger.height}"


def test_a_record_calls_itself_by_the_name_it_is_kept_under() -> None:
    world = World().complete()
    other = replace(world.get(Job, JOB.hex()), job_id=bytes(16))
    world.lies[world.get(Job, JOB.hex()).key()] = encode_message(other)
    entries = unpack(world.block().assemble())
    del entries[f"job {bytes(16).hex()} at block 10"]
    entries[f"job {JOB.hex()} at block 10"] = world.entry_of_record(Job, JOB.hex(), 10)
    with pytest.raises(Contradiction, match=f"the record calls itself {bytes(16).hex()}"):
        world.verify(pack(entries))


def test_the_end_is_the_one_that_the_record_tells_of() -> None:
    world = refused()
    world.lie(replace(world.get(Job, JOB.hex()), reason="policy.other")).block()
    with pytest.raises(Contradiction, match="not the end that the job's record tells of"):
        world.verify(world.assemble())


# -- bodies open commitments ---------------------------------------------------------------------------------------------------


def with_body(world: World, name: str, body: bytes) -> bytes:
    return pack(unpack(world.assemble()) | {name: body})


def flip(body: bytes, at: int = -1) -> bytes:
    changed = bytearray(body)
    changed[at] ^= 1
    return bytes(changed)


def test_a_plan_that_differs_by_one_byte_is_not_the_plan(world: World, bundle: bytes) -> None:
    body = unpack(bundle)["plan"]
    for at in range(0, len(body), 37):
        with pytest.raises(NotProven, match="not the plan that the parties consented to") as caught:
            world.verify(with_body(world, "plan", flip(body, at)))
        assert caught.value.entry == number_of(bundle, "plan")


@pytest.mark.parametrize("name", [f"terms of grant {GRANT.hex()}", f"card of {FILES}", "detail of bureau"])
def test_a_body_that_differs_by_one_byte_opens_nothing(world: World, bundle: bytes, name: str) -> None:
    body = unpack(bundle)[name]
    at = body.index(b"salt") + 10
    with pytest.raises(NotProven, match="not what the ledger's commitment is to") as caught:
        world.verify(with_body(world, name, flip(body, at)))
    assert (caught.value.entry, caught.value.name) == (number_of(bundle, name), name)
    with pytest.raises((NotProven, MalformedEntry)) as other:
        world.verify(with_body(world, name, flip(body)))
    assert other.value.name == name


def test_a_body_without_salt_opens_nothing(world: World) -> None:
    with pytest.raises(NotProven, match="it holds no salt"):
        world.verify(with_body(world, f"card of {FILES}", b"\x82\x61x\xa0"))
    with pytest.raises(NotProven, match="it holds no salt"):
        world.verify(with_body(world, f"card of {FILES}", b"\x01"))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"genesis_digest": b"\x00" * 32}, "the consortium"),
        ({"job_id": b"\x00" * 16}, "the job's identifier"),
        ({"kind": "statistics"}, "the kind of job"),
        ({"outputs": ()}, ""),
        ({"not_after": 2**40}, "the deadline"),
    ],
    ids=str,
)
def test_plan_and_proposal_say_the_same(change: dict[str, object], what: str) -> None:
    """The digest is that of a plan which the proposal does not agree with: no honest node would have consented."""
    world = World().register()
    honest = cut_plan(world)
    if what == "":
        change = {"parties": (*honest.parties[:1], replace(honest.parties[1], org="auditor"))}
        what = "the parties"
    lying = replace(honest, **change)  # type: ignore[arg-type]
    world.propose(lying, counted=honest).consent().start().receipts()
    with pytest.raises(Contradiction, match=f"plan and proposal differ in {what}") as caught:
        world.verify(world.assemble())
    assert caught.value.name == "plan"


def test_the_plans_inputs_are_those_that_start_counted() -> None:
    world = World().register()
    honest = cut_plan(world)
    more = replace(honest, inputs=(replace(honest.inputs[0], rows_cap=999_999), honest.inputs[1]))
    world.propose(more, counted=honest).consent().start().receipts()
    with pytest.raises(Contradiction, match="differ in the inputs"):
        world.verify(world.assemble())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"org": "bureau"}, "the detail of another receipt"),
        ({"job_id": b"\x00" * 16}, "the detail of another receipt"),
        ({"protocol": "psi-other"}, "another protocol ran than the plan says"),
        ({"protocol_version": 2}, "another protocol ran than the plan says"),
        ({"adversary_model": "malicious"}, "another protocol ran than the plan says"),
    ],
    ids=str,
)
def test_a_receipts_detail_fits_receipt_and_plan(change: dict[str, object], why: str) -> None:
    world = World().register().propose().consent().start().receipts("bureau")
    world.do("bank", world.receipt_of("bank", **change))
    with pytest.raises(Contradiction, match=why) as caught:
        world.verify(world.assemble())
    assert caught.value.name == "detail of bank"


@pytest.mark.parametrize("test", [True, False])
def test_an_insecure_mode_is_for_tests_only(test: bool) -> None:
    world = World(test=test).register().propose().consent().start().receipts("bureau")
    world.do("bank", world.receipt_of("bank", insecure=True))
    if test:
        assert world.verify(world.export()).test
        return
    with pytest.raises(Contradiction, match="an insecure mode took part"):
        world.verify(world.assemble())
    with pytest.raises(NotExportable):
        world.export()
