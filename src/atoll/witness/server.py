"""The desk over HTTPS, bounded in size, time and number of requests.

    POST <prefix>/add-checkpoint           C2SP tlog-witness
    GET  <prefix>/newest/<hex>             newest checkpoint cosigned of the log whose origin has this SHA-256; our own addition

The second lets a log that is refused see, signed by itself, what it has shown before.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from atoll.errors import AtollError
from atoll.ledger.witness import TEXT_TYPE
from atoll.ports import Clock, SystemClock
from atoll.transport.bounded import BoundedListener, make_server, most_connections
from atoll.transport.identity import TlsIdentity
from atoll.transport.throttle import Throttle
from atoll.witness.desk import Answer, Desk
from atoll.witness.home import WitnessHome, load_witness_config, load_witness_policies, open_witness_keys
from atoll.witness.store import WitnessStore

log = logging.getLogger("atoll.witness")

MAX_BODY_BYTES = 1 << 16
"""A checkpoint with 128 cosignatures and 63 hashes has some 25,000 bytes."""
READ_SECONDS = 10.0
MAX_CONNECTIONS = 256
MAX_AN_ADDRESS = 16
PER_SECOND = 20.0
BURST = 200


def make_witness_app(desk: Desk, *, prefix: str = "", clock: Clock) -> Starlette:
    """The witness as an ASGI application."""
    throttle = Throttle(clock, per_second=PER_SECOND, burst=BURST)

    def may_pass(request: Request) -> bool:
        return throttle.take(request.client.host if request.client else "")

    async def add_checkpoint(request: Request) -> Response:
        if not may_pass(request):
            return _plain(429, "too many requests\n")
        try:
            async with asyncio.timeout(READ_SECONDS):
                body = await _read(request)
        except TimeoutError:
            return _plain(408, "the request took too long\n")
        except ClientDisconnect:
            return _plain(400, "the request was cut short\n")
        if body is None:
            return _plain(413, f"a request has at most {MAX_BODY_BYTES} bytes\n")
        try:
            answer = desk.add_checkpoint(body)
        except AtollError as err:
            log.exception("cannot answer")
            answer = Answer(500 if err.status == 500 else 503, "the witness cannot write down what it would cosign\n")
        return Response(answer.body, answer.status, {"cache-control": "no-store"}, answer.content_type)

    async def newest(request: Request) -> Response:
        if not may_pass(request):
            return _plain(429, "too many requests\n")
        note = desk.newest(request.path_params["digest"])
        return _plain(404, "unknown log\n") if note is None else Response(note, 200, {"cache-control": "no-store"}, TEXT_TYPE)

    app = Starlette()
    app.router.add_route(f"{prefix}/add-checkpoint", add_checkpoint, methods=["POST"])
    app.router.add_route(f"{prefix}/newest/{{digest}}", newest, methods=["GET"])
    return app


async def serve_witness(home: WitnessHome, ready: Callable[[str], None], *, clock: Clock | None = None) -> None:
    """Serve the witness of a home until cancelled; `ready` is called with its address.

    Raises:
        NoWitness, BadWitnessConfig, WitnessRunning, WitnessStoreCorrupt: it cannot begin.
        KeystoreLocked, PassphraseMissing: its keys cannot be opened.
    """
    config, policies = load_witness_config(home), load_witness_policies(home)
    keys = open_witness_keys(home, config)
    store = WitnessStore(home.store, must_exist=True)
    try:
        clock = clock or SystemClock()
        desk = Desk(store=store, policies=policies, key=keys.cosign, sign=keys.sign, clock=clock)
        app = make_witness_app(desk, prefix=config.prefix, clock=clock)
        server = make_server(app, TlsIdentity(keys.tls).serving_https() if config.tls else None)
        most = most_connections(MAX_CONNECTIONS)
        each = MAX_AN_ADDRESS if config.tls else most  # a proxy is one address for everybody, and bounds them itself
        with BoundedListener(config.host, config.port, most=most, most_an_address=each) as listener:
            async with asyncio.TaskGroup() as group:
                group.create_task(server.serve([listener]))
                while not server.started:  # noqa: ASYNC110 - the server tells it in no other way
                    await asyncio.sleep(0.01)
                ready(config.url)
    finally:
        store.close()


async def _read(request: Request) -> bytes | None:
    """The body; None once it is too large."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY_BYTES:
            return None
    return bytes(data)


def _plain(status: int, text: str) -> Response:
    headers = {"cache-control": "no-store"} | ({"retry-after": "1"} if status == 429 else {})
    return PlainTextResponse(text, status, headers)
