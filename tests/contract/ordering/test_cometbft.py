"""The CometBFT engine's own ways: a child process that dies, keys that change, nodes that nobody knows, an end that is loud."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import shutil
import signal
import time
from dataclasses import replace

import pytest

from atoll.ledger.block import BlockSummary
from atoll.ledger.chain import Ledger
from atoll.ledger.genesis import consensus_of
from atoll.ledger.light import LightBlock, make_validator_set
from atoll.ledger.light.verify import verify_light_block
from atoll.ledger.records import Dataset
from atoll.ledger.rules.keys import RotateKey
from atoll.ledger.rules.leaving import LeaveMember
from atoll.ledger.rules.membership import EnrolMember, InviteMember, newcomer_of
from atoll.ledger.rules.motion import ApproveMotion
from atoll.ledger.seal import HeaderSeal, parse_seal
from atoll.ordering.cometbft import process
from atoll.ordering.cometbft.engine import CometEngine
from atoll.ordering.cometbft.keys import stage_key
from atoll.ordering.cometbft.process import State
from atoll.ordering.errors import HandoverRefused, NotAcknowledged, StaleView, StoreFull, ValidatorStopped
from atoll.testing.consortium import NamedEntropy
from atoll.testing.validators import QUICK, Validators
from atoll.trust.invite import InviteBinding, create_invite
from atoll.trust.keys import Purpose, SecretKey
from atoll.wire.message import parse_message
from tests.contract.ordering.conftest import Play, dataset
from tests.patience import patience

ENGINES = ("cometbft",)
FOUR = ("operator", "bank", "bureau", "telecom")


async def work(validators: Validators, numbers: range, *, through: str = "bank") -> None:
    """Datasets of the bureau, one after the other."""
    for number in numbers:
        data = validators.founding.sign("bureau", dataset(number, "bureau"))
        assert (await validators[through].submit(data)).outcome.ok


async def same_log(validators: Validators) -> None:
    """All that run hold the same agreed log, to the byte."""
    await validators.settle()
    logs = {tuple(engine.entry(index) for index in range(engine.view().log_size)) for engine in validators.running.values()}
    assert len(logs) == 1 and None not in logs.pop()


def test_a_validator_that_is_killed_comes_back_and_nothing_that_waits_is_lost(play: Play) -> None:
    async def scenario(validators: Validators) -> None:
        await work(validators, range(2))
        bank = validators["bank"]
        os.kill(bank.child_pid or 0, signal.SIGKILL)
        waiting = asyncio.create_task(bank.submit(validators.founding.sign("bank", dataset(9))))
        await work(validators, range(2, 4), through="operator")
        assert (await waiting).outcome.ok
        assert (bank.condition().state, bank.condition().restarts) == (State.RUNNING, 1)
        assert "SIGKILL" in bank.condition().reason
        await same_log(validators)

    play(scenario, orgs=FOUR)


def test_one_of_four_may_be_gone_for_good_and_two_may_not(play: Play) -> None:
    async def scenario(validators: Validators) -> None:
        await validators.crash("operator")
        await work(validators, range(2))
        await validators.crash("telecom")
        data = validators.founding.sign("bureau", dataset(5, "bureau"))
        with pytest.raises(NotAcknowledged):
            await validators["bank"].submit(data, timeout_seconds=3)
        assert validators["bank"].view().get(Dataset, "bureau/table-5/1") is None
        validators.clock("bank").skew_seconds = 61
        with pytest.raises(StaleView):
            validators["bank"].require_fresh()
        await validators.start("telecom")
        assert (await validators["bank"].submit(data)).outcome.ok
        await same_log(validators)

    play(scenario, orgs=FOUR)


def test_an_idle_ledger_stays_fresh_and_grows_by_nothing(play: Play) -> None:
    async def scenario(validators: Validators) -> None:
        for org in FOUR:
            validators.settings[org] = replace(QUICK, empty_block_seconds=1)
        await validators.start()
        await work(validators, range(1))
        bank = validators["bank"]
        before, first, began = bank.view(), bank.condition().consensus_height, time.monotonic()
        await validators.until(
            lambda: bank.condition().consensus_height >= first + 4 and bank.freshness() >= before.agreed_at + 4
        )
        took = time.monotonic() - began
        assert 4 / took >= 0.5 / patience()
        assert bank.condition().consensus_height - first <= 2 + 2 * took
        after = bank.require_fresh(math.ceil(2 * patience()))
        assert (after.height, after.log_root) == (before.height, before.log_root)

    play(scenario, orgs=FOUR, start=False)


def test_a_store_that_cannot_be_written_stops_the_node_loudly_and_the_others_go_on(play: Play) -> None:
    async def scenario(validators: Validators) -> None:
        await work(validators, range(1))
        bureau = validators["bureau"]
        bureau.store.limit_pages(1)  # not one page more than there are
        waiting = asyncio.create_task(bureau.submit(validators.founding.sign("bank", dataset(1))))
        for number in range(10, 40):
            await validators["bank"].submit(validators.founding.sign("telecom", dataset(number, "telecom")))
            if bureau.condition().state is State.FAILED:
                break
        async with asyncio.timeout(10 * patience()):
            with pytest.raises(StoreFull):
                await bureau.failed()
        assert bureau.child_pid is None
        assert "cannot be written" in bureau.condition().reason
        with contextlib.suppress(NotAcknowledged):
            await asyncio.wait_for(waiting, 5 * patience())
        await validators.stop("bureau")
        await work(validators, range(50, 52))
        await validators.start("bureau")  # with room again
        await same_log(validators)

    play(scenario, orgs=FOUR)


def test_a_store_that_was_lost_is_filled_again_from_cometbfts_own_blocks(play: Play) -> None:
    async def scenario(validators: Validators) -> None:
        await work(validators, range(3))
        await validators.stop("telecom")
        validators.store_path("telecom").unlink()
        await validators.start("telecom")
        await work(validators, range(3, 4), through="telecom")
        await same_log(validators)

    play(scenario, orgs=FOUR)


def test_a_newcomer_without_any_block_gets_all_of_them(play: Play) -> None:
    async def scenario(validators: Validators) -> None:
        await validators.start("operator", "bank", "bureau")
        await work(validators, range(4))
        await validators.start("telecom")
        await validators.until(lambda: validators["telecom"].view().height == 4)
        assert not validators["telecom"].condition().votes
        await same_log(validators)

    play(scenario, orgs=FOUR, not_validating=["telecom"], start=False)


def test_a_restarted_node_shows_at_once_what_it_had_and_soon_proves_it(play: Play) -> None:
    async def scenario(validators: Validators) -> None:
        await work(validators, range(2))
        await validators.stop()
        for org in FOUR:
            validators.make(org)
        assert validators["bank"].view().height == 2
        assert validators["bank"].view().get(Dataset, "bureau/table-1/1") is not None
        assert validators["bank"].freshness() == 0
        await asyncio.gather(*(engine.start() for engine in validators.running.values()))
        await validators.until(lambda: validators["bank"].freshness() > time.time() - 10)
        assert parse_seal(validators["bank"].seal()).checkpoint.size == validators["bank"].view().log_size

    play(scenario, orgs=FOUR)


def test_a_node_that_is_not_on_the_ledger_is_let_in_nowhere(play: Play) -> None:
    async def scenario(validators: Validators) -> None:
        await validators.start("operator", "bank", "bureau")
        await work(validators, range(1))
        stranger = validators.founding.orgs["telecom"]
        stranger.node_seed = NamedEntropy("a stranger").bytes(32)  # not what the genesis says
        await validators.start("telecom")
        await validators.until(lambda: validators["bank"].condition().peers == 2)
        await asyncio.sleep(3)
        assert validators["telecom"].condition().peers == 0
        assert validators["telecom"].view().height == 0
        assert validators["bank"].condition().peers == 2

    play(scenario, orgs=FOUR, start=False)


def test_the_header_at_which_the_validators_change_is_kept_for_good(play: Play) -> None:
    async def scenario(validators: Validators) -> None:
        await work(validators, range(2))
        key = SecretKey.generate(Purpose.CONSENSUS, NamedEntropy("next"))
        body = RotateKey(purpose=Purpose.CONSENSUS, public=key.public.data, second=b"")
        answer = await validators["bank"].submit(validators.founding.sign("bureau", body))
        assert answer.outcome.ok
        await work(validators, range(2, 5))
        bureau = validators["bureau"].condition()
        assert (bureau.state, bureau.votes) == (State.RUNNING, False)  # it follows with the key that it has
        await same_log(validators)
        for org in FOUR:
            assert walk(validators, org) == [answer.height]
        await validators.stop("telecom")
        (validators.home("telecom") / "seals.sqlite").unlink()
        await validators.start("telecom")
        await validators.until(lambda: validators["telecom"].freshness() > 0)
        assert walk(validators, "telecom") == [answer.height]

    play(scenario, orgs=FOUR)


def test_a_validator_takes_its_next_key_as_soon_as_the_ledger_names_it(play: Play) -> None:
    async def scenario(validators: Validators) -> None:
        await work(validators, range(2))
        bank = validators["bank"]
        public = stage_key(validators.home("bank"), NamedEntropy("bank's next"))
        body = RotateKey(purpose=Purpose.CONSENSUS, public=public, second=b"")
        answer = await validators["operator"].submit(validators.founding.sign("bank", body))
        assert answer.outcome.ok
        await validators.until(lambda: bank.keys.public == public and bank.condition().votes)
        await validators.crash("telecom")  # three of four: the bank's vote under its new key is needed now
        await work(validators, range(2, 4), through="operator")
        assert (bank.condition().state, bank.condition().restarts) == (State.RUNNING, 1)
        await validators.start("telecom")
        await same_log(validators)
        assert walk(validators, "operator") == [answer.height]

    play(scenario, orgs=FOUR)


def walk(validators: Validators, org: str) -> list[int]:
    """From the genesis over every change of who votes to the newest seal, as an outsider would, by what this member has kept;
    the heights of the blocks that brought the changes."""
    engine, chain_id = validators[org], validators.founding.chain_id
    voters = make_validator_set((one.consensus, 1) for one in consensus_of(validators.founding.genesis).counted())
    changes: list[int] = []
    while True:
        seal = parse_seal(engine.seal_of(changes[-1] + 1 if changes else 1) or b"")
        assert isinstance(seal, HeaderSeal) and seal.is_of_header()
        header = seal.light.header
        assert (seal.light.validators, header.validators_hash) == (voters, voters.hash())
        verify_light_block(seal.light, chain_id=chain_id)
        if header.next_validators_hash == header.validators_hash:
            assert seal.encode() == engine.seal()
            return changes
        summary = parse_message(engine.entry(seal.size - 1) or b"", BlockSummary)
        changes.append(summary.height)
        ledger = Ledger(validators.founding.genesis_file)
        ledger.replay(engine.blocks(1, summary.height))
        assert ledger.tree.root == seal.state_root
        voters = make_validator_set((one.consensus, 1) for one in ledger.consensus.counted())
        assert header.next_validators_hash == voters.hash()


def test_a_member_joins_as_a_validator_by_vote_and_stops_again(play: Play) -> None:
    async def scenario(validators: Validators) -> None:
        await work(validators, range(2))
        joined = await enrol(validators, "hospital")
        await validators.start("hospital")
        await work(validators, range(2, 4), through="hospital")
        hospital = validators["hospital"]
        await validators.until(lambda: hospital.condition().votes and hospital.freshness() > 0)
        await validators.until(lambda: len(parse_light(hospital).validators.validators) == 5)
        await validators.crash("telecom")  # four of five: each of them is needed now, the newcomer too
        await work(validators, range(4, 6))
        await validators.start("telecom")
        await work(validators, range(6, 7), through="telecom")
        leaving = validators.founding.sign("hospital", LeaveMember(validating_only=True))
        left = await hospital.submit(leaving)
        assert left.outcome.ok
        await work(validators, range(7, 9), through="hospital")
        assert not hospital.condition().votes
        assert len(parse_light(hospital).validators.validators) == 4
        await same_log(validators)
        for org in ("bank", "hospital"):
            assert walk(validators, org) == [joined, left.height]

    play(scenario, orgs=FOUR)


def test_a_member_that_has_left_hears_nothing_more(play: Play) -> None:
    async def scenario(validators: Validators) -> None:
        await work(validators, range(2))
        await validators.settle()
        leaving = validators.founding.sign("telecom", LeaveMember(validating_only=False))
        left = await validators["bank"].submit(leaving)
        assert left.outcome.ok
        await validators.until(lambda: all(validators[org].condition().restarts > 0 for org in FOUR[:3]))
        await validators.until(lambda: all(validators[org].condition().peers == 2 for org in FOUR[:3]))
        await work(validators, range(2, 4))
        assert validators["bank"].view().height == left.height + 2
        assert validators["telecom"].view().height <= left.height

    play(scenario, orgs=FOUR)


def parse_light(engine: CometEngine) -> LightBlock:
    """The header over the view, and who signed it."""
    seal = parse_seal(engine.seal())
    assert isinstance(seal, HeaderSeal)
    return seal.light


async def enrol(validators: Validators, org: str) -> int:
    """The operator invites, more than half of the validators approve, the newcomer enters; height at which it did."""
    founding = validators.founding
    newcomer = founding.add(org)
    enrolment = newcomer.enrolment(roles=("owner",), consensus_address=validators.address(org))
    binding = InviteBinding(
        organisation=org,
        key_digest=newcomer.keys[Purpose.IDENTITY].public.digest,
        genesis_digest=founding.genesis_digest,
        expires_at=int(time.time()) + 10_000,
        issuer="operator",
    )
    invite = create_invite(binding, NamedEntropy(f"invite {org}"))
    body = InviteMember(
        org=org,
        commitment=invite.commitment,
        roles=("owner",),
        validating=True,
        expires_at=binding.expires_at,
        newcomer=newcomer_of(enrolment),
    )
    assert (await validators["operator"].submit(founding.sign("operator", body))).outcome.ok
    for approver in ("bank", "bureau"):
        assert (await validators["bank"].submit(founding.sign(approver, ApproveMotion(number=1)))).outcome.ok
    entry = EnrolMember(enrolment=enrolment, token_secret=invite.expose_secret())
    answer = await validators["bank"].submit(founding.sign(org, entry))
    assert answer.outcome.ok, answer.outcome
    return answer.height


def test_blocks_that_are_older_than_the_ledger_are_given_up_and_it_says_so(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "FIRST_WAIT_SECONDS", 0.05)

    async def scenario(validators: Validators) -> None:
        await validators.start("operator", "bank", "bureau")
        await work(validators, range(1))
        await validators.stop("bank")
        data = validators.home("bank") / "data"
        for name in ("blockstore.db", "state.db", "cs.wal", "evidence.db", "tx_index.db"):
            shutil.rmtree(data / name, ignore_errors=True)  # as if only the ledger's store had come from a backup
        await validators.start("bank")
        async with asyncio.timeout(30 * patience()):
            with pytest.raises(ValidatorStopped, match=r"panic: .*AppHash"):
                await validators["bank"].failed()
        assert validators["bank"].condition().state is State.FAILED

    play(scenario, orgs=FOUR, start=False)


def test_there_is_nobody_to_hand_over_from(play: Play) -> None:
    async def scenario(validators: Validators) -> None:
        engine = validators.make("operator")
        with pytest.raises(HandoverRefused):
            await engine.vote("bank")
        assert engine.methods() == {}

    play(scenario, orgs=FOUR, start=False)
