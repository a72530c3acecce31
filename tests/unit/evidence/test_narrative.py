"""The page for people: everything that was found, and nothing that was not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.evidence import narrate
from atoll.ledger.evidence.finding import Finding
from atoll.ledger.evidence.narrative import WIDTH
from atoll.ledger.plan import PlanParty
from atoll.ledger.records import JobState
from atoll.ledger.rules.job import FailJob
from atoll.ledger.rules.standing import GiveStanding
from tests.unit.evidence.test_verify import ENDINGS, refused
from tests.unit.evidence.world import JOB, World


@pytest.fixture(scope="module")
def finding(world: World, bundle: bytes) -> Finding:
    return world.verify(bundle, now=world.ledger.time + 32)


def flat(text: str) -> str:
    """The page without its line breaks."""
    return " ".join(text.split())


def test_a_page_has_its_sections_in_order(finding: Finding) -> None:
    lines = narrate(finding).split("\n")
    titles = [line for line, under in zip(lines, [*lines[1:], ""], strict=True) if under and set(under) == {"-"}]
    assert titles == [
        "Evidence of a job",
        "What was asked",
        "What was agreed",
        "What it rested on",
        "What was computed and receipted",
        "Who stands for this record",
        "What this proves",
        "What this does not prove",
    ]
    assert all(len(line) <= WIDTH for line in lines)


@pytest.mark.parametrize(
    "sentence",
    [
        "It was carried out, and every participant has signed a receipt.",
        "THIS IS A TEST CONSORTIUM.",
        "The bank (bank) asked for it on 2026-05-28 20:26:44 UTC (block 4, log entry 8).",
        "Purpose: credit-check.",
        "The bureau (bureau), as owner 0, brings bureau/files/1, columns national_id, at most 1,000 rows.",
        "The bank (bank), as receiver 0, brings bank/customers/1, columns id, at most 500 rows, receives identifiers.",
        "Each side learns the size of the other's set.",
        "The bureau (bureau) consented to exactly this plan on 2026-05-28 20:26:46 UTC (block 6)",
        "signing with key bureau/identity/1. By its own word its node ran atoll 1.",
        "The bank (bank) started the job",
        "Its owner used it for itself, which needs no grant.",
        "it was in force when the job started. Its terms are in this bundle.",
        "psi-ecdh-curve25519 version 1, 2 seconds, at most 4,096 bytes sent and 4,096 received",
        "tamper-evident under one operator, cosigned by 3 of 3; 3 of 3 are needed.",
        "The operator (operator) put transactions in order in term 1, and does not count.",
        "when that quorum was 30 seconds old.",
        "A consortium invented for the occasion cannot make this bundle.",
        "- That the data were true or complete.",
        "- That nobody copied, kept or passed on a result",
        "adversary model (semi-honest)",
        "that is not Byzantine consensus.",
    ],
)
def test_a_page_says(finding: Finding, sentence: str) -> None:
    assert sentence in flat(narrate(finding))


def test_a_refusal_is_told_as_a_refusal() -> None:
    world = refused()
    page = flat(narrate(world.verify(world.export())))
    assert "It was refused and never started. Nothing was computed." in page
    assert "The bureau (bureau) signed its refusal" in page and "for the reason `policy.no_grant`" in page
    assert "No consent by: The bank (bank), The bureau (bureau)." in page
    assert "Nobody has signed a receipt." in page
    assert "The job started only after" not in page and "committed itself to one result" not in page


@pytest.mark.parametrize("state", ENDINGS, ids=str)
def test_there_is_a_page_for_every_end(state: JobState) -> None:
    world = ENDINGS[state]()
    page = narrate(world.verify(world.export()))
    assert page.startswith("Evidence of a job\n")
    assert ("committed itself to one result" in flat(page)) == (state is JobState.COMPLETED)


@pytest.mark.parametrize(
    ("signed", "said"),
    [
        ((), "No receiver has signed for a result."),
        (("bureau",), "No receiver has signed for a result."),
        (("bank",), "By then The bank (bank) had signed for a result, and can read it."),
    ],
)
def test_of_a_failed_job_it_is_said_who_has_a_result_all_the_same(signed: tuple[str, ...], said: str) -> None:
    world = World().register().propose().consent().start()
    if signed:
        world.receipts(*signed)
    world.do("bureau", FailJob(job_id=JOB, code="job.memory"))
    page = flat(narrate(world.verify(world.export())))
    assert f"It started, and a participant reported that it had failed. {said}" in page


def test_a_computation_names_its_program_and_an_auction_when_bids_ended(finding: Finding) -> None:
    assert finding.plan is not None
    assert "Program: " not in narrate(finding)
    assert "Bids were taken" not in narrate(finding)
    plan = replace(finding.plan, program={"graph": b"\x0a" * 32, "name": "joint_total"}, bids_until=finding.plan.not_after - 1)
    page = flat(narrate(replace(finding, plan=plan)))
    assert f"Program: joint_total, whose digest is {'0a' * 32}." in page
    assert "the consents of bureau hold commitments to them." in page


@pytest.mark.parametrize(("role", "said"), [("compute", "of two, one is true"), ("owner", "it cannot know")])
def test_only_compute_nodes_know_of_bids_that_were_not_opened(finding: Finding, role: str, said: str) -> None:
    assert finding.plan is not None
    receipt = next(one for one in finding.receipts if one.act.org == "bureau")
    assert receipt.detail is not None
    accusing = replace(receipt, detail=replace(receipt.detail, unopened=("bank",)))
    plan = replace(finding.plan, parties=(PlanParty(role=role, index=0, org="bureau"),))
    page = flat(narrate(replace(finding, plan=plan, receipts=(accusing,))))
    assert "Not opened as committed: the bid of bank." in page
    assert said in page


def test_what_is_closed_is_said_to_be_closed(world: World) -> None:
    page = flat(narrate(world.verify(world.export(selective={"plan", "detail of bank"}))))
    assert "The plan is closed in this bundle." in page and "Its detail is closed in this bundle." in page
    assert "What is closed in this bundle: plan, detail of bank." in page
    assert "credit-check" not in page


def test_a_consortium_in_earnest_is_not_called_a_test(finding: Finding) -> None:
    assert "TEST CONSORTIUM" not in narrate(replace(finding, test=False))


def test_an_insecure_mode_is_stamped_on_the_page(finding: Finding) -> None:
    one = finding.receipts[0]
    assert one.detail is not None
    marked = replace(one, detail=replace(one.detail, insecure=True))
    assert "AN INSECURE MODE TOOK PART." in flat(narrate(replace(finding, receipts=(marked,))))


def test_nobodys_words_can_forge_a_line_of_the_page(finding: Finding) -> None:
    """Titles, purposes and leakage statements are written by the parties."""
    assert finding.plan is not None
    evil = "harmless\n\nWhat this proves\n- everything\x1b[2J\u202e"
    plan = replace(finding.plan, leakage=evil, purpose=evil, protocol=evil)
    page = narrate(replace(finding, plan=plan, titles={"bank": evil, "bureau": evil}, reason=evil))
    assert page.split("\n").count("What this proves") == 1
    assert "\x1b" not in page and "\u202e" not in page


def test_a_time_past_all_calendars_is_shown_as_a_number(finding: Finding) -> None:
    assert "second 1099511627776 (Unix time)" in flat(narrate(replace(finding, not_after=2**40)))


def test_a_verifier_whose_clock_is_behind_is_told_so(world: World, bundle: bytes) -> None:
    page = flat(narrate(world.verify(bundle, now=world.ledger.time)))
    assert "dated 2 seconds ahead of this verifier's clock" in page


def test_a_consent_that_rested_on_one_given_in_advance_says_so() -> None:
    world, given = World().register().propose(), b"\x5a" * 16
    term = {"not_before": world.ledger.time, "not_after": world.ledger.time + 86_400}
    world.do("bureau", GiveStanding(standing=given, commitment=b"\x01" * 32, uses=3, **term))
    world.consent("bank").do("bureau", replace(world.consent_of("bureau"), standing=given))
    finding = world.start().verify(world.export())
    assert {one.act.org: one.standing for one in finding.consents} == {"bank": b"", "bureau": given}
    bank, bureau = (line for line in flat(narrate(finding)).split("- The ") if "consented to exactly this plan" in line)
    assert f"It rested on the organisation's standing consent {given.hex()}, given in advance" in bureau
    assert "standing consent" not in bank
