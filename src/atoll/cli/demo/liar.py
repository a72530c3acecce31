"""A member's keys in the hands of a program that checks nothing.

It speaks as the organisation, because it has the organisation's keys: it signs transactions, opens peer sessions, and says
what it likes. Everything that a node of ours would do before it asks, it leaves out. What it cannot do is to sign for others.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import json
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from atoll.cli.demo.consortium import OPERATOR, ORGS
from atoll.cli.demo.errors import DidNotHappen
from atoll.cli.demo.stage import Stage
from atoll.jobs.intersection import Intersection, IntersectionSpec
from atoll.ledger.plan import Limits, Plan, digest_plan_body
from atoll.ledger.records import EngineKind
from atoll.ledger.transaction import Transaction, seal_transaction
from atoll.node.bodies import Body, BodyName, Kind
from atoll.node.proposed import proposal_of
from atoll.ordering.embedded.messages import SUBMIT, Submit, Submitted
from atoll.ordering.members import encode_payload, parse_payload
from atoll.ports import SystemClock, SystemEntropy
from atoll.testing.ports import HOST  # layers: world in memory
from atoll.transport.errors import RemoteError
from atoll.transport.identity import TlsIdentity
from atoll.transport.network import TlsNetwork
from atoll.transport.rpc import Method, RpcSession
from atoll.transport.session import LEDGER_SERVICE
from atoll.trust.keys import Purpose, SecretKey
from atoll.trust.tlskeys import TlsKey
from atoll.wire.message import Message, encode_message, parse_message
from atoll.wire.plain import from_plain

Ledger = Callable[[tuple[bytes, ...]], Awaitable[list[str]]]
"""Takes signed transactions and says why some were turned away."""
CALL_SECONDS = 10.0
JOB_SECONDS = 600
NEVER = 1 << 40
AHEAD = 1000
"""Of the last nonce seen: the organisation's own node may have sent transactions that no copy of the ledger has yet."""


class Liar:
    """Speaks as `org` to other members, while the organisation's own node is out of the way."""

    def __init__(self, stage: Stage, org: str) -> None:
        self.org = org
        self._place = stage.consortium
        keys = self._place.steal_keys(org)
        self._identity, tls = keys[f"{org}/{Purpose.IDENTITY}/1"], keys[f"{org}/{Purpose.TLS}/1"]
        assert isinstance(tls, TlsKey)
        founders = self._place.genesis.founders
        self._network = TlsNetwork(
            identity=TlsIdentity(tls),
            pins=lambda: {one.org: (one.tls,) for one in founders},
            addresses=lambda: {one.org: _endpoint(one.peer) for one in founders},
        )
        self._nonce = _last_nonce(stage, org) + AHEAD

    def plan(self, spec: dict[str, object], purpose: str) -> Plan:
        """A plan like one of ours; what it rests on is not looked at."""
        entropy, genesis = SystemEntropy(), self._place.genesis
        draft = Intersection().draft(from_plain(IntersectionSpec, spec))
        return Plan(
            **draft.to_fields(),
            salt=entropy.bytes(32),
            chain_id=genesis.chain_id,
            genesis_digest=self._place.genesis_digest,
            job_id=entropy.bytes(16),
            purpose=purpose,
            limits=Limits(memory_bytes=1 << 30, traffic_bytes=1 << 30, attempts=1),
            not_after=SystemClock().now() + JOB_SECONDS,
        )

    @asynccontextmanager
    async def session(self, org: str, methods: Mapping[str, Method]) -> AsyncIterator[RpcSession]:
        """A peer session with `org` as this organisation; `methods` are answered as they are."""
        rpc = RpcSession(await self._network.dial(org, LEDGER_SERVICE), methods)
        running = asyncio.create_task(rpc.run())
        try:
            yield rpc
        finally:
            await rpc.close()
            await asyncio.gather(running, return_exceptions=True)

    @asynccontextmanager
    async def ledger(self) -> AsyncIterator[Ledger]:
        """A way to the ledger past this organisation's own node: the one who orders, or the RPC of any validator."""
        if self._place.engine is EngineKind.COMETBFT:
            yield functools.partial(_broadcast, self._place.rpc_port)
            return
        async with self.session(OPERATOR, {}) as rpc:
            yield functools.partial(_hand_over, rpc)

    async def submit(self, ledger: Ledger, *bodies: Message) -> None:
        """Sign transactions and have them put in order."""
        turned_away = await ledger(tuple(self._sign(body) for body in bodies))
        if turned_away:  # then nothing was tried, and nothing can be caught
            raise DidNotHappen(what=f"transactions taken by the operator ({turned_away[0]})", seconds=CALL_SECONDS)

    def _sign(self, body: Message) -> bytes:
        self._nonce += 1
        assert isinstance(self._identity, SecretKey)
        transaction = Transaction(sender=self.org, nonce=self._nonce, expiry_height=NEVER, type=body.TAG, body=body.to_map())
        return seal_transaction(
            transaction,
            kid=f"{self.org}/{Purpose.IDENTITY}/1",
            sign=self._identity.sign,
            chain_id=self._place.genesis.chain_id,
            genesis_digest=self._place.genesis_digest,
        )


async def _hand_over(rpc: RpcSession, transactions: tuple[bytes, ...]) -> list[str]:
    answer = await rpc.call(SUBMIT, encode_payload(Submit(transactions=transactions)), timeout_seconds=CALL_SECONDS)
    return [one.refusal for one in parse_payload(rpc.peer, answer, Submitted).answers if one.refusal]


async def _broadcast(port: int, transactions: tuple[bytes, ...]) -> list[str]:
    """One after the other: a validator takes them in the order of their nonces (CometBFT, `broadcast_tx_sync`)."""
    refusals = []
    for one in transactions:
        params = {"tx": base64.b64encode(one).decode()}
        asked = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "broadcast_tx_sync", "params": params}).encode()
        answer = await asyncio.to_thread(_post, f"http://{HOST}:{port}", asked)
        if answer["code"] != 0:
            refusals.append(str(answer["log"]))
    return refusals


def _post(url: str, asked: bytes) -> dict[str, Any]:
    request = urllib.request.Request(url, asked, {"Content-Type": "application/json"})  # noqa: S310 - our own address
    with urllib.request.urlopen(request, timeout=CALL_SECONDS) as answer:  # noqa: S310
        return dict(json.load(answer)["result"])


async def propose_and_push(
    liar: Liar, *, stage: Stage, victim: str, plan: Plan, pushed: bytes, also: tuple[Message, ...] = ()
) -> None:
    """Propose `plan` on the ledger, push `pushed` to the victim as its body, give the same to whoever asks, wait for an answer.

    Args:
        also: transactions signed and submitted right after the proposal.
    """
    job = plan.job_id.hex()
    digest = digest_plan_body(encode_message(plan))
    body = encode_message(Body(kind=Kind.PLAN, identifier=job, data=pushed))

    async def lie(_: str, payload: bytes) -> bytes:
        asked = parse_message(payload, BodyName)
        return encode_message(Body(kind=asked.kind, identifier=asked.identifier, data=pushed))

    async with liar.ledger() as ledger, liar.session(victim, {"body.get": lie}) as peer:
        await liar.submit(ledger, proposal_of(plan, digest), *also)
        await asyncio.to_thread(stage.wait_for, f"job {job} known to {victim}", lambda: is_known(stage, victim, job))
        with contextlib.suppress(RemoteError):  # it may say at once what it thinks of it; what counts is on the ledger
            await peer.call("body.put", body, timeout_seconds=CALL_SECONDS)
        await asyncio.to_thread(stage.wait_for, f"an answer of {victim}", lambda: has_ended(stage, victim, job))


def is_known(stage: Stage, org: str, job: str) -> bool:
    """Whether a job has reached a member's agreed copy of the ledger."""
    return any(one.job == job for one in stage.client(org).jobs.list())


def has_ended(stage: Stage, org: str, job: str) -> bool:
    """Whether a job is refused or over on a member's agreed copy of the ledger."""
    return stage.client(org).jobs.show(job).state not in ("proposed", "consented")


def without_one_byte(plan: Plan, at: int) -> bytes:
    """The plan's body with one byte changed, so that it still reads as a plan: a letter of the purpose."""
    letter = plan.purpose[at % len(plan.purpose)]
    changed = "x" if letter != "x" else "y"
    place = at % len(plan.purpose)
    return encode_message(replace(plan, purpose=plan.purpose[:place] + changed + plan.purpose[place + 1 :]))


def _last_nonce(stage: Stage, org: str) -> int:
    """The last nonce that any node knows of; one copy of the ledger may be behind another."""
    records = [stage.client(one).ledger.record("nonce", org).value for one in ORGS]
    return max((int(one["last"]) for one in records if one), default=0)


def _endpoint(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)
