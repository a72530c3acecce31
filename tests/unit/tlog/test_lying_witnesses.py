"""A witness that lies, cosigns something else or at another time, or fails: it neither counts nor stops the node."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from atoll.ledger.note import cosign_text
from atoll.ledger.tlog_policy import Witness
from atoll.ledger.witness import SIZE_TYPE
from atoll.node.tlog.witnesses import FIRST_PAUSE_SECONDS
from atoll.testing.logserver import MadeUpLog, serving
from tests.unit.tlog.site import LOG, Site, hang_up
from tests.unit.witness.home import OPENED, SetClock, key_of, witness_of

pytestmark = pytest.mark.usefixtures("closed_after_the_test")


class Liar:
    """A witness that answers whatever it is told to."""

    def __init__(self) -> None:
        self.answers: dict[str, Response] = {}
        self.asked = 0

    def app(self) -> Starlette:
        async def post(_: Request) -> Response:
            self.asked += 1
            return self.answers["add-checkpoint"]

        async def newest(_: Request) -> Response:
            return self.answers.get("newest", PlainTextResponse("", 404))

        app = Starlette()
        app.router.add_route("/add-checkpoint", post, methods=["POST"])
        app.router.add_route("/newest/{digest}", newest)
        return app


@pytest.fixture
def liar(stack: ExitStack) -> tuple[Liar, Witness]:
    made = Liar()
    running = stack.enter_context(serving(made.app(), tls=False))
    return made, Witness("liar", key_of("liar.example")[0], running.url)


FORGED = MadeUpLog(500, origin=LOG.origin, branch=" forged")


FORGED.secret = key_of("x")[1]


@pytest.mark.parametrize(
    "answers",
    [
        {"add-checkpoint": PlainTextResponse("1000000\n", 409, media_type=SIZE_TYPE)},
        {"add-checkpoint": PlainTextResponse("7\n", 409, media_type=SIZE_TYPE)},
        {"add-checkpoint": PlainTextResponse("-7\n", 409, media_type=SIZE_TYPE)},
        {"add-checkpoint": PlainTextResponse("0\n", 409, media_type=SIZE_TYPE)},
        {"add-checkpoint": PlainTextResponse("invalid\n", 422)},
        {"add-checkpoint": PlainTextResponse("1000\n", 409), "newest": PlainTextResponse(FORGED.note().encode().decode())},
        {"add-checkpoint": PlainTextResponse("no\n", 422), "newest": PlainTextResponse(FORGED.note(100).encode().decode())},
        {"add-checkpoint": PlainTextResponse("no\n", 422), "newest": PlainTextResponse("nonsense")},
        {"add-checkpoint": PlainTextResponse("", 200)},
        {"add-checkpoint": PlainTextResponse("x" * 100_000, 200)},
        {"add-checkpoint": PlainTextResponse("\u2014 liar.example AAAAAAAA\n", 200)},
        {"add-checkpoint": PlainTextResponse("".join(one.encode() for one in LOG.note().signatures), 200)},
        {"add-checkpoint": PlainTextResponse("", 302, headers={"location": "http://127.0.0.1:9/"})},
        {"add-checkpoint": PlainTextResponse("", 500)},
    ],
)
async def test_a_lying_witness_neither_counts_nor_stops_the_node(
    liar: tuple[Liar, Witness], clock: SetClock, answers: dict[str, Response]
) -> None:
    """What the log itself has not signed proves nothing against it."""
    made, witness = liar
    made.answers = answers
    site = Site(LOG, clock)
    publisher = site.publisher(witness)
    for _ in range(3):
        site.chain.agree(site.chain.size + 10)
        await publisher.step()
        clock.time += 100
    assert site.published == 0
    assert publisher.waiting_for.startswith("the quorum")
    assert publisher.states()[0][2]


async def test_a_cosignature_of_another_text_under_the_witnesss_name_does_not_count(
    liar: tuple[Liar, Witness], clock: SetClock
) -> None:
    made, witness = liar
    key, secret = key_of("liar.example")
    line = cosign_text(LOG.note(99).text, key, clock.time, secret.sign)
    made.answers = {"add-checkpoint": PlainTextResponse(line.encode())}
    site = Site(LOG, clock)
    publisher = site.publisher(witness)
    site.chain.agree(10)
    await publisher.step()
    assert site.published == 0
    assert "signature" in publisher.states()[0][2]


@pytest.mark.parametrize(("off", "counts"), [(5, True), (6, False), (-60, True), (-61, False)])
async def test_a_cosignature_of_another_time_does_not_count(tmp_path: Path, clock: SetClock, off: int, counts: bool) -> None:
    with witness_of(tmp_path / "w", LOG, clock=SetClock(clock.time + off), name="w.example") as (witness, _, _):
        site = Site(LOG, clock)
        site.chain.agree(10)
        await site.publisher(witness).step()
        await hang_up()
    OPENED.clear()
    assert (site.published == 10) is counts


async def test_a_witness_that_fails_is_left_alone_for_a_while(liar: tuple[Liar, Witness], clock: SetClock) -> None:
    made, witness = liar
    made.answers = {"add-checkpoint": PlainTextResponse("", 500)}
    site = Site(LOG, clock)
    publisher = site.publisher(witness)
    asked = []
    for _ in range(8):
        site.chain.agree(site.chain.size + 1)
        await publisher.step()
        asked.append(made.asked)
        clock.time += int(FIRST_PAUSE_SECONDS)
    assert asked == [1, 2, 2, 3, 3, 3, 3, 4]
