"""Members join, keys change, and whoever counts is counted by the right set at every block."""

from __future__ import annotations

import asyncio

import pytest

from atoll.ledger.agreement import verify_agreement
from atoll.ledger.chain import Ledger
from atoll.ledger.note import parse_note
from atoll.ledger.records import Member, Motion
from atoll.ledger.rules.keys import RotateKey
from atoll.ledger.rules.membership import EnrolMember, InviteMember, newcomer_of
from atoll.ledger.rules.motion import ApproveMotion
from atoll.ordering.errors import NotAcknowledged
from atoll.testing.consortium import FOUNDED, NamedEntropy, Organisation
from atoll.testing.engines import Engines
from atoll.trust.invite import InviteBinding, create_invite
from atoll.trust.keys import Purpose, SecretKey
from tests.contract.ordering.conftest import Play, dataset
from tests.contract.ordering.workload import check, hand_over, work

ENGINES = ("embedded",)


async def enrol(engines: Engines, org: str, *, validating: bool) -> None:
    """The operator invites, the newcomer enters; its node is started afterwards, from the genesis alone."""
    newcomer: Organisation = engines.founding.add(org)
    binding = InviteBinding(
        organisation=org,
        key_digest=newcomer.keys[Purpose.IDENTITY].public.digest,
        genesis_digest=engines.founding.genesis_digest,
        expires_at=FOUNDED + 10_000,
        issuer="operator",
    )
    invite = create_invite(binding, NamedEntropy(f"invite {org}"))
    enrolment = newcomer.enrolment(roles=("owner",), validating=validating)
    body = InviteMember(
        org=org,
        commitment=invite.commitment,
        roles=("owner",),
        validating=validating,
        expires_at=binding.expires_at,
        newcomer=newcomer_of(enrolment) if validating else None,
    )
    assert (await engines["operator"].submit(engines.founding.sign("operator", body))).outcome.ok
    if validating:
        await carry(engines, 1)
    entry = EnrolMember(enrolment=enrolment, token_secret=invite.expose_secret())
    assert (await engines["bank"].submit(engines.founding.sign(org, entry))).outcome.ok


async def carry(engines: Engines, number: int) -> None:
    """The members that count approve a motion, until it is carried."""
    await engines.until(lambda: engines["bank"].view().get(Motion, str(number)) is not None)
    for one in engines["bank"].view().consensus.counted():
        motion = engines["bank"].view().get(Motion, str(number))
        if motion is not None and motion.carried_height == 0:
            approval = engines.founding.sign(one.org, ApproveMotion(number=number))
            assert (await engines["bank"].submit(approval)).outcome.ok


def rotated(engines: Engines, org: str, purpose: Purpose) -> tuple[SecretKey, bytes]:
    """A new key, and the transaction that registers it."""
    key = SecretKey.generate(purpose, NamedEntropy(f"{org}/{purpose}/2"))
    return key, engines.founding.sign(org, RotateKey(purpose=purpose, public=key.public.data, second=b""))


def take_up(engines: Engines, org: str, key: SecretKey) -> None:
    """The member's node has it from now on."""
    engines.newer_keys[f"{org}/{key.purpose}/2"] = key


@pytest.mark.parametrize("validating", [False, True])
def test_a_new_member_starts_from_the_genesis_and_gets_everything(play: Play, validating: bool) -> None:
    async def scenario(engines: Engines) -> None:
        acknowledged = await work(engines, "bank", range(3))
        await enrol(engines, "hospital", validating=validating)
        acknowledged |= await work(engines, "bank", range(3, 5))
        await engines.start("hospital")
        acknowledged |= await work(engines, "hospital", range(5, 7))
        await check(engines, acknowledged)
        assert engines["hospital"].view().get(Member, "hospital") is not None
        counted = [one.org for one in engines["bank"].view().consensus.counted()]
        assert ("hospital" in counted) is validating

    play(scenario)


def test_a_new_validating_member_is_needed_as_soon_as_it_counts(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        await enrol(engines, "hospital", validating=True)  # q was 2 of 2, and is 3 of 3 from the next block on
        with pytest.raises(NotAcknowledged):
            await engines["operator"].submit(engines.founding.sign("bank", dataset(1)), timeout_seconds=10)
        await engines.start("hospital")
        acknowledged = await work(engines, "bank", range(2))
        await check(engines, acknowledged)

    play(scenario, orgs=("operator", "bank", "bureau"))


def test_a_rotated_cosigning_key_counts_and_the_old_one_does_not(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        key, data = rotated(engines, "bank", Purpose.COSIGN)
        await engines["operator"].submit(data)
        with pytest.raises(NotAcknowledged):
            await engines["operator"].submit(engines.founding.sign("bureau", dataset(1, "bureau")), timeout_seconds=10)
        take_up(engines, "bank", key)
        acknowledged = await work(engines, "bureau", range(2, 4))
        await check(engines, acknowledged)

    play(scenario, orgs=("operator", "bank", "bureau"))


def test_a_sequencer_goes_on_with_a_rotated_key_for_checkpoints(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        key, data = rotated(engines, "operator", Purpose.LOG)
        assert (await engines["operator"].submit(data)).outcome.ok
        with pytest.raises(NotAcknowledged):
            await engines["operator"].submit(engines.founding.sign("bank", dataset(1)), timeout_seconds=10)
        take_up(engines, "operator", key)
        acknowledged = await work(engines, "bureau", range(2, 4))
        await check(engines, acknowledged)

    play(scenario)


def test_every_member_can_show_the_way_from_one_set_to_the_next(play: Play) -> None:
    """For each block that changes who counts there is an agreed note of exactly that block, by those who counted before."""

    async def scenario(engines: Engines) -> None:
        await work(engines, "bank", range(2))
        await enrol(engines, "hospital", validating=True)
        engines.network.isolate("auditor", engines.orgs)  # misses all of it
        await engines.start("hospital")
        for org in ("bank", "telecom"):
            await engines.until(lambda: not changed(engines))
            key, data = rotated(engines, org, Purpose.COSIGN)
            waiting = asyncio.create_task(engines["operator"].submit(data))
            await engines.until(
                lambda: engines["operator"].replica.agreed.after != engines["operator"].replica.agreed.authority
            )
            take_up(engines, org, key)
            assert (await waiting).outcome.ok
            await engines.until(
                lambda: engines["operator"].replica.agreed.after == engines["operator"].replica.agreed.authority
            )
        engines.network.heal()
        await hand_over(engines, "auditor", ("bureau", "bank", "hospital", "telecom"))
        await work(engines, "bank", range(2, 4))
        await engines.settle()
        for org in engines.orgs:
            assert walk(engines, org) == 3

    play(scenario)


def changed(engines: Engines) -> bool:
    """Whether the newest agreed block changes who counts."""
    agreed = engines["operator"].replica.agreed
    return agreed.after != agreed.authority


def walk(engines: Engines, org: str) -> int:
    """Verify a member's blocks and notes as an outsider who has nothing but the genesis; the number of changes met."""
    ledger, changes = Ledger(engines.founding.genesis_file), 0
    for block in engines[org].blocks(1, engines[org].view().height):
        before = ledger.consensus
        ledger.adopt(ledger.execute(block))
        if ledger.consensus != before and ledger.consensus.term == before.term:
            changes += 1
            note = parse_note(engines[org].seal_of(block.height) or b"")
            agreement = verify_agreement(note, chain_id=engines.founding.chain_id, consensus=before)
            assert (agreement.checkpoint.size, agreement.checkpoint.root) == (ledger.log.size, ledger.log.root())
    return changes


def test_a_newcomer_verifies_its_way_through_every_change_of_who_counts(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        acknowledged = await work(engines, "bank", range(70))
        key, data = rotated(engines, "telecom", Purpose.COSIGN)
        await engines["operator"].submit(data)
        take_up(engines, "telecom", key)
        acknowledged |= await work(engines, "bank", range(70, 90))
        await hand_over(engines, voters=("auditor", "bureau", "telecom"))
        acknowledged |= await work(engines, "bank", range(90, 100))
        await engines.settle()
        engines.kill("auditor")
        engines.store_path("auditor").unlink()
        await engines.start("auditor")
        heights = []
        while engines["auditor"].view().height < engines["bank"].view().height:
            heights.append(engines["auditor"].view().height)
            await engines.until(lambda: engines["auditor"].view().height > heights[-1])
        assert len(engines["auditor"].store.next_epoch(0) or ()) == 2
        await check(engines, acknowledged)

    play(scenario)
