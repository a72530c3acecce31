"""The members' key in a whole world: dealt by itself, used by everybody; and those who cheat, are down, or die."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from atoll.ledger.records import OprfDeal, OprfDealing, OprfKey, OprfRequest
from atoll.ledger.rules import oprf_dealing as oprf_rules
from atoll.ledger.rules import oprf_plan
from atoll.ledger.rules.oprf import RequestEvaluation
from atoll.ledger.rules.oprf_dealing import AnnounceReceiver, ConfirmShares, DealShares
from atoll.node import oprf_dealing
from atoll.node.context import NodeContext
from atoll.node.errors import NotAsked, TooFewShares
from atoll.node.oprf import ANSWER_DOMAIN, ANSWERED_SECONDS, EVIDENCE, METHOD, MOST_WAITING, REASK_SECONDS, Ask, SignedAnswer
from atoll.primitives.errors import PointError
from atoll.primitives.ristretto import SecretScalar, draw_secret
from atoll.protocols.threshold_oprf import Deal, Question, Share, deal, digest_blinded
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World
from atoll.transport.errors import RemoteError
from atoll.wire.message import Message, encode_message, parse_message

HOLDERS = ("auditor", "bank", "bureau", "telecom")
INPUTS = [b"bytes", b"content", b"nameless"]


def in_world(folder: Path, seed: int, scenario: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    """Play a scenario in a world whose key stands."""

    async def play() -> None:
        async with World(folder, seed=seed, oprf=True) as world:
            await world.key_stands()
            await scenario(world)

    run_virtually(play())


def key_of(world: World, org: str = "operator") -> OprfKey:
    key = world[org].context.view().get(OprfKey, "0")
    assert key is not None
    return key


# -- evaluations ---------------------------------------------------------------------------------------------------------------


def test_the_key_is_dealt_by_itself_and_everybody_gets_the_same_tags_under_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        async with World(tmp_path, seed=1, oprf=True) as world:
            settled = loop.time()
            await world.key_stands()
            assert loop.time() - settled < 1
            assert key_of(world).holders == HOLDERS
            mine = await world["bank"].evaluator.evaluate(INPUTS)
            theirs = await world["operator"].evaluator.evaluate(INPUTS[1:])  # holds no share
            assert mine.tags[1:] == theirs.tags
            assert len(set(mine.tags)) == 3
            request = world["bank"].context.view().get(OprfRequest, mine.id.hex())
            assert request is not None
            assert (request.org, request.elements) == ("bank", 3)
            await asyncio.sleep(1)
            for org in HOLDERS:  # what led to the share serves only a thief
                assert world[org].evaluator._shares.kept_seed(1) is None
                assert world[org].evaluator._shares.share(1) is not None

    run_virtually(scenario())


def test_one_member_that_is_down_is_not_missed_and_two_are_named(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        before = await world["bank"].evaluator.evaluate(INPUTS)
        await world.stop("telecom")
        assert (await world["bank"].evaluator.evaluate(INPUTS)).tags == before.tags

        async def silent(org: str, payload: bytes) -> bytes:
            raise NotAsked(org=org, id="")

        world["bureau"].evaluator.answer = silent  # type: ignore[method-assign]  # a link that is cut is dialled again
        with pytest.raises(TooFewShares, match=r"2 of the 3 members.*bureau, telecom"):
            await world["bank"].evaluator.evaluate(INPUTS)

    in_world(tmp_path, 3, scenario)


def test_a_replayed_answer_does_not_count_and_one_under_another_key_is_kept_with_its_signature(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        before = await world["bank"].evaluator.evaluate(INPUTS)
        await world.stop("telecom")  # else three good answers may be there first
        liar, kept = world["bureau"], dict[str, bytes]()
        honest = liar.evaluator.answer

        async def replay(org: str, payload: bytes) -> bytes:
            return kept.setdefault("first", await honest(org, payload))

        liar.evaluator.answer = replay  # type: ignore[method-assign]
        assert (await world["bank"].evaluator.evaluate(INPUTS)).tags == before.tags
        with pytest.raises(TooFewShares, match="bureau, telecom"):
            await world["bank"].evaluator.evaluate(INPUTS)
        assert not world["bank"].context.store.bodies(EVIDENCE)

        liar.evaluator.answer = honest  # type: ignore[method-assign]
        true, false = liar.evaluator._shares.share(1), draw_secret(liar.context.entropy)
        assert true is not None
        liar.evaluator._shares.keep(1, false)  # an accident: an honest node notices, and does not incriminate itself
        with pytest.raises(TooFewShares, match="bureau, telecom"):
            await world["bank"].evaluator.evaluate(INPUTS)
        assert not world["bank"].context.store.bodies(EVIDENCE)

        liar.evaluator._shares = LyingShelf(true.public, false)  # type: ignore[assignment]
        with pytest.raises(TooFewShares, match="bureau, telecom"):
            await world["bank"].evaluator.evaluate(INPUTS)
        ((name, data),) = world["bank"].context.store.bodies(EVIDENCE)
        answer = parse_message(data, SignedAnswer).answer
        assert name == f"{answer.id.hex()}/bureau"
        assert answer.signed_bytes().startswith(ANSWER_DOMAIN)
        await restart(world, "telecom")
        assert (await world["bank"].evaluator.evaluate(INPUTS)).tags == before.tags

    in_world(tmp_path, 4, scenario)


def test_members_answer_only_what_stands_on_the_ledger_to_whom_asked_and_always_alike(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        bank, asked = world["bank"], list[Ask]()
        honest = bank.evaluator._collect

        async def watch(key: OprfKey, ask: Ask) -> dict[int, bytes]:
            asked.append(ask)
            return await honest(key, ask)

        bank.evaluator._collect = watch  # type: ignore[method-assign]
        await bank.evaluator.evaluate(INPUTS)
        (ask,) = asked
        other = Question(INPUTS, bytes(32)).blinded

        async def call(org: str, changed: Ask) -> bytes:
            return await world[org].links.call("auditor", METHOD, encode_message(changed), timeout_seconds=20)

        assert await call("bank", ask) == await call("bank", ask)
        for org, wrong in (
            ("telecom", ask),
            ("bank", Ask(id=ask.id, blinded=other)),
            ("bank", Ask(id=bytes(16), blinded=other)),
        ):
            with pytest.raises(RemoteError) as caught:
                await call(org, wrong)
            assert caught.value.operands["remote_code"] == NotAsked.code
        few = RequestEvaluation(id=b"\x0f" * 16, digest=digest_blinded(other), elements=1)  # and three are sent
        await bank.context.outbox.submit(few)
        with pytest.raises(RemoteError) as caught:
            await call("bank", Ask(id=few.id, blinded=other))
        assert caught.value.operands["remote_code"] == NotAsked.code
        for bad in (bytes(32), b"\xff" * 32):  # asked for, and yet no element
            body = RequestEvaluation(id=bad[:16], digest=digest_blinded(bad), elements=1)
            await bank.context.outbox.submit(body)
            with pytest.raises(RemoteError) as caught:
                await call("bank", Ask(id=body.id, blinded=bad))
            assert caught.value.operands["remote_code"] == PointError.code

    in_world(tmp_path, 6, scenario)


def test_a_request_is_answered_for_an_hour_and_then_made_anew_from_the_same_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(world: World) -> None:
        bank, seed, asked = world["bank"].evaluator, b"\x05" * 32, list[Ask]()
        honest = bank._collect

        async def watch(key: OprfKey, ask: Ask) -> dict[int, bytes]:
            asked.append(ask)
            return await honest(key, ask)

        bank._collect = watch  # type: ignore[method-assign]
        first = await bank.evaluate(INPUTS, seed=seed)
        assert await bank.evaluate(INPUTS, seed=seed) == first
        auditor = world["auditor"].evaluator
        request = auditor._context.view().get(OprfRequest, first.id.hex())
        assert request is not None
        await auditor.answer("bank", encode_message(asked[0]))

        def later(seconds: int) -> None:
            monkeypatch.setattr(NodeContext, "now", lambda _: request.time + seconds)

        later(ANSWERED_SECONDS + 1)
        with pytest.raises(NotAsked):
            await auditor.answer("bank", encode_message(asked[0]))
        later(REASK_SECONDS)
        again = await bank.evaluate(INPUTS, seed=seed)
        assert again.tags == first.tags
        assert again.id != first.id

    in_world(tmp_path, 14, scenario)


def test_members_answer_nobody_who_is_suspended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(world: World) -> None:
        assert world["auditor"].evaluator._is_active("bank")
        assert not world["auditor"].evaluator._is_active("nobody")
        for org in ("auditor", "bureau"):
            monkeypatch.setattr(world[org].evaluator, "_is_active", lambda asks: asks != "bank")
        with pytest.raises(TooFewShares, match="auditor, bureau"):
            await world["bank"].evaluator.evaluate(INPUTS)

    in_world(tmp_path, 15, scenario)


def test_only_a_few_unknown_requests_of_one_member_are_waited_for(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        loop, auditor = asyncio.get_running_loop(), world["auditor"].evaluator
        blinded = Question(INPUTS, bytes(32)).blinded

        async def ask(number: int) -> float:
            began = loop.time()
            with pytest.raises(NotAsked):
                await auditor.answer("bank", encode_message(Ask(id=bytes([number]) * 16, blinded=blinded)))
            return loop.time() - began

        waited = await asyncio.gather(*(ask(number) for number in range(1, MOST_WAITING + 3)))
        assert sum(one > 1 for one in waited) == MOST_WAITING
        assert await ask(99) > 1

    in_world(tmp_path, 16, scenario)


# -- dealings ------------------------------------------------------------------------------------------------------------------


def test_a_dealer_of_wrong_shares_is_found_out_and_the_key_stands_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crooked(*args: Any, **agreed: Any) -> Deal:
        dealt = deal(*args, **agreed)
        if agreed["dealer"] != "bureau":
            return dealt
        first, *rest = dealt.sealed
        return Deal(dealt.sender_key, dealt.commitments, dealt.proof, (first[:-1] + bytes([first[-1] ^ 1]), *rest))

    monkeypatch.setattr(oprf_dealing, "deal", crooked)

    async def scenario(world: World) -> None:
        dealing = world["bank"].context.view().get(OprfDealing, "0")
        assert dealing is not None
        assert (dealing.faulty, dealing.confirmed) == (("bureau",), HOLDERS)
        assert key_of(world).dealers == ("auditor", "bank", "telecom")
        tags = (await world["bank"].evaluator.evaluate(INPUTS)).tags
        await world.stop("telecom")
        assert (await world["bank"].evaluator.evaluate(INPUTS)).tags == tags

    in_world(tmp_path, 9, scenario)


STEPS: dict[str, type[Message]] = {"bank": AnnounceReceiver, "bureau": DealShares, "telecom": ConfirmShares}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_nodes_killed_at_any_step_go_on_with_the_same_secrets(tmp_path: Path, after: bool) -> None:
    """Each goes on from its files as a `kill -9` at that moment leaves them."""

    async def scenario() -> None:
        async with World(tmp_path, seed=20, oprf=True) as world:
            reached = {org: kill_at(world, org, step, after=after) for org, step in STEPS.items()}
            seeds, shares = dict[str, bytes](), dict[str, bytes]()
            for org in STEPS:
                await reached[org].wait()
                shelf = world[org].evaluator._shares
                seed, share = shelf.kept_seed(1), shelf.share(1)
                assert seed is not None  # durable before anything was said
                assert (share is not None) == (org == "telecom")  # and the share before it is confirmed
                seeds[org], shares[org] = seed, share.public if share is not None else b""
                await kill(world, org)
            await world.key_stands()
            key = key_of(world)
            assert (key.epoch, key.holders) == (1, HOLDERS)
            for org, seed in seeds.items():
                kept, found = world[org].evaluator._shares.share(1), key.share_of(org)
                assert kept is not None
                assert found is not None
                assert kept.public == found[1]
                assert shares[org] in (b"", kept.public)
                record = world[org].context.view().get(OprfDeal, org)
                assert record is not None
                assert record.commitments == dealt_from(seed, world, org).commitments

    run_virtually(scenario())


def test_a_member_that_missed_the_dealing_is_handed_a_share_and_old_shares_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oprf_plan, "RENEW_SECONDS", 30)
    for module in (oprf_rules, oprf_dealing):
        monkeypatch.setattr(module, "LOSS_SECONDS", 30)

    async def scenario() -> None:
        async with World(tmp_path, seed=11, oprf=True) as world:
            await world.stop("telecom")
            await until(lambda: all(world[org].evaluator.is_ready for org in HOLDERS[:3]), seconds=600)
            key = key_of(world)
            assert key.holders == HOLDERS[:3]
            before = await world["bank"].evaluator.evaluate(INPUTS)
            await restart(world, "telecom")
            await until(lambda: key_of(world).holders == HOLDERS, seconds=600)
            renewed = key_of(world)
            assert (renewed.epoch, renewed.public) == (2, key.public)
            await asyncio.sleep(1)
            assert world["bank"].evaluator._shares.share(1) is None
            world["bank"].context.store.set_meta("oprf/share/2", b"")  # as after restoring an older copy
            assert not world["bank"].evaluator.holds_share
            await until(lambda: world["bank"].evaluator.holds_share, seconds=600)
            assert (key_of(world).epoch, key_of(world).public) == (3, key.public)
            await world.stop("auditor")
            assert (await world["bank"].evaluator.evaluate(INPUTS)).tags == before.tags

    run_virtually(scenario())


def test_a_node_that_got_no_share_in_a_hand_over_keeps_the_one_it_has(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        shelf = world["bank"].evaluator._shares
        for epoch in (2, 3):  # the key was handed on, and nothing came here
            shelf.settle(epoch, replaced=False)
            assert shelf.share(1) is not None
        shelf.keep(4, draw_secret(world["bank"].context.entropy))
        shelf.settle(4, replaced=True)
        assert shelf.share(1) is None
        assert shelf.share(4) is not None

    in_world(tmp_path, 12, scenario)


# -- helpers -------------------------------------------------------------------------------------------------------------------


class LyingShelf:
    """A share that is said to be one and is another."""

    def __init__(self, public: bytes, secret: SecretScalar) -> None:
        self.public = public
        self.answer = Share(secret, bytes(32)).answer

    def held(self, _: OprfKey) -> LyingShelf:
        return self


def kill_at(world: World, org: str, step: type[Message], *, after: bool) -> asyncio.Event:
    """The node of `org` does nothing any more from this step on: before it submits it, or after it was acknowledged."""
    outbox, reached = world[org].context.outbox, asyncio.Event()
    submit = outbox.submit

    async def dying(body: Message) -> Any:
        if isinstance(body, step) and not after:
            reached.set()
            await asyncio.Event().wait()
        acknowledged = await submit(body)
        if isinstance(body, step):
            reached.set()
            await asyncio.Event().wait()
        return acknowledged

    outbox.submit = dying  # type: ignore[method-assign]
    return reached


def dealt_from(seed: bytes, world: World, org: str) -> Deal:
    """What a member deals in dealing 1 of this world, by its seed alone."""
    view = world["operator"].context.view()
    dealing = view.get(OprfDealing, "0")
    assert dealing is not None
    context = oprf_plan.context_of(view.chain.genesis_digest, dealing)
    receivers = dict.fromkeys(dealing.members)
    return deal(seed, context, dealer=org, threshold=dealing.threshold, receivers=receivers)


async def restart(world: World, org: str) -> None:
    if org in world._tasks:
        await world.stop(org)
    world.start(org)
    await world.settle()


async def kill(world: World, org: str) -> None:
    """End a node and start it on its files as they lay there the moment before: what ending in order writes is lost."""
    home = world.home(org)
    image = home.with_name(f"{org}-killed")
    shutil.copytree(home, image)
    await world.stop(org)
    shutil.rmtree(home)
    image.rename(home)
    await restart(world, org)


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a condition on several nodes, which no one event tells of
            await asyncio.sleep(0.2)
