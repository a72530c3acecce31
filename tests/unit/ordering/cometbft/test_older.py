"""Seals of before a node's time come from the other members, and nothing of them is believed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from atoll.ledger.light import make_validator_set
from atoll.ledger.seal import HeaderSeal, parse_seal
from atoll.ordering.cometbft import older as module
from atoll.ordering.cometbft.older import OlderSeals, SealsReply
from atoll.ordering.members import Handler, encode_payload, parse_payload
from atoll.testing.consortium import Founding
from atoll.testing.virtual import run_virtually
from atoll.trust.keys import Purpose
from atoll.wire.message import encode_message
from tests.unit.ordering.cometbft.desk import dataset, signed
from tests.unit.ordering.cometbft.headers import Headers, decide
from tests.unit.ordering.cometbft.test_provable import ORGS, Node, soon

CHANGES = (3, 5)
"""Headers that name other voters."""
LAST = 9


class Asked:
    """The other members, each by its handler."""

    def __init__(self, **handlers: Handler) -> None:
        self.handlers = handlers
        self.calls: dict[str, int] = {}

    async def call(self, org: str, method: str, payload: bytes, timeout_seconds: float) -> bytes:
        del timeout_seconds
        self.calls[org] = self.calls.get(org, 0) + 1
        assert method == module.METHOD
        return await self.handlers[org]("newcomer", payload)


async def played(founding: Founding, folder: Path, *, has_headers: bool) -> Node:
    """A node after LAST blocks; one that joined late has no headers of before the last two."""
    node = Node(founding, folder, Headers(founding))
    sets = [make_validator_set((founding.orgs[org].public(Purpose.CONSENSUS), 1) for org in some) for some in (ORGS[1:], ORGS)]
    proving = asyncio.create_task(node.provable.run()) if has_headers else None
    app_hash = node.application.tip.app_hash
    for height in range(1, LAST + 1):
        following = sets[CHANGES.index(height)] if height in CHANGES else None
        node.headers.vote(height, app_hash, next_voters=following)
        app_hash = await decide(node.application, signed(founding, "bank", dataset(height), nonce=height))
        await soon()
    if proving is None:
        node.headers.forget_below(LAST - 1)
        proving = asyncio.create_task(node.provable.run())
        await soon()
    proving.cancel()
    await asyncio.wait([proving])
    return node


def older(node: Node, members: Asked) -> OlderSeals:
    return OlderSeals(node.application, node.seals, members, lambda: list(members.handlers))


Known = tuple[list[bytes], list[bytes], dict[str, int]]


def run(founding: Founding, folder: Path, tamper: Callable[[SealsReply], SealsReply] | None = None) -> Known:
    """A newcomer asks a member that may lie and two honest ones: seals of the old and the new, and how often it asked each."""

    async def whole() -> Known:
        old = await played(founding, folder / "old", has_headers=True)
        new = await played(founding, folder / "new", has_headers=False)
        honest = older(old, Asked()).on_request

        async def lying(org: str, payload: bytes) -> bytes:
            reply = parse_payload(org, await honest(org, payload), SealsReply)
            return encode_payload(tamper(reply) if tamper is not None and reply.seals else reply)

        members = Asked(bureau=honest, operator=honest, telecom=lying)  # who comes last could write over the others
        assert new.seals.is_missing and not old.seals.is_missing
        assert new.seals.all_from(0, max_count=9) == []
        asking = older(new, members)
        async with asyncio.timeout(10):
            await asking.complete(lambda: new.provable.voting)
        assert not new.seals.is_missing
        found = old.seals.all_from(0, max_count=9), new.seals.all_from(0, max_count=9), members.calls
        await old.close()
        await new.close()
        return found

    for name in ("old", "new"):
        (folder / name).mkdir()
    return run_virtually(whole())


def test_a_newcomer_gets_every_seal_that_it_missed(founding: Founding, tmp_path: Path) -> None:
    old, new, calls = run(founding, tmp_path)
    assert len(old) == len(CHANGES)
    assert new == old
    assert sorted(calls) == ["bureau", "operator", "telecom"]  # one of them alone could leave something out


def test_one_member_alone_is_not_enough(founding: Founding, tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()

    async def whole() -> None:
        old = await played(founding, tmp_path / "old", has_headers=True)
        new = await played(founding, tmp_path / "new", has_headers=False)
        honest = older(old, Asked()).on_request

        async def lying(org: str, payload: bytes) -> bytes:
            reply = parse_payload(org, await honest(org, payload), SealsReply)
            return encode_payload(lies()["the first left out"](reply))

        asking = older(new, Asked(bureau=honest, telecom=lying))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await asking.complete(lambda: new.provable.voting)
        assert new.seals.is_missing
        await old.close()
        await new.close()

    run_virtually(whole())


def lies() -> dict[str, Callable[[SealsReply], SealsReply]]:
    def changed(reply: SealsReply, **fields: object) -> SealsReply:
        seals = [parse_seal(one) for one in reply.seals]
        first = seals[0]
        assert isinstance(first, HeaderSeal)
        forged = encode_message(replace(first, **fields))  # type: ignore[arg-type]
        return SealsReply(seals=(forged, *reply.seals[1:]))

    def without_votes(reply: SealsReply) -> SealsReply:
        first = parse_seal(reply.seals[0])
        assert isinstance(first, HeaderSeal)
        commit = first.light.commit
        signatures = tuple(replace(one, signature=bytes(64)) for one in commit.signatures)
        return changed(reply, light=replace(first.light, commit=replace(commit, signatures=signatures)))

    return {
        "nothing": lambda reply: SealsReply(seals=()),
        "the first left out": lambda reply: SealsReply(seals=reply.seals[1:]),
        "in another order": lambda reply: SealsReply(seals=reply.seals[::-1]),
        "another log": lambda reply: changed(reply, root=bytes(32)),
        "another size": lambda reply: changed(reply, size=3),
        "another state": lambda reply: changed(reply, state_root=bytes(32)),
        "no votes": without_votes,
    }


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.01)


@pytest.mark.parametrize("lie", sorted(lies()))
def test_a_member_that_lies_is_passed_over_and_nothing_of_it_is_kept(founding: Founding, tmp_path: Path, lie: str) -> None:
    old, new, calls = run(founding, tmp_path, lies()[lie])
    assert new == old
    assert calls["bureau"] == calls["operator"] == 2
