"""From an agreed log to what outsiders see: with witnesses that answer over real HTTPS, and logs that lie."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.note import Note, cosign_text, parse_note, verify_note
from atoll.ledger.tlog_policy import NO_QUORUM, Log, Policy, Witness, make_policy, parse_policy
from atoll.ledger.vkey import encode_vkey
from atoll.ledger.witness import SIZE_TYPE
from atoll.node.tlog.errors import BadWitnessPolicy, LogForked, LogWentBack, WitnessesRequired
from atoll.node.tlog.kept import PLACE
from atoll.node.tlog.members import Word
from atoll.node.tlog.publisher import PUBLISHED, REFRESH_SECONDS, Candidate, Publisher
from atoll.node.tlog.settings import LogSettings, load_witness_policy, witness_tls
from atoll.node.tlog.shelf import Shelf
from atoll.node.tlog.witnesses import FIRST_PAUSE_SECONDS, Witnesses
from atoll.testing.consortium import NamedEntropy
from atoll.testing.logserver import MadeUpLog, RunningApp, serving
from atoll.trust.keys import Purpose, SecretKey
from atoll.witness.desk import Desk
from tests.unit.witness.home import OPENED, SetClock, key_of, quorum_of, request, witness_of


@dataclass
class Chain:
    """A log as an engine holds it; its time is when a quorum last stood for it."""

    log: MadeUpLog
    clock: SetClock
    stood_at: int = 0
    size: int = 0
    alone: tuple[MadeUpLog, ...] = ()
    """What one member signs by itself."""

    @property
    def ledger(self) -> Any:
        return type("Ledger", (), {"log": self.log.tree})

    def view(self) -> Any:
        return type("View", (), {"log_size": self.size})

    def freshness(self) -> int:
        return self.stood_at

    def seal(self) -> bytes:
        return self.log.note(self.size).encode()

    def newest(self) -> Candidate | None:
        return Candidate(self.log.checkpoint(self.size)) if self.size else None

    async def sign(self, candidate: Candidate) -> Note:
        return self.log.note(candidate.checkpoint.size)

    def read(self, note: Note) -> Word:
        """Who stands for a note; here the log's one key speaks for a quorum, and a member's for the member."""
        keys = {one.key: one for one in (self.log, *self.alone)}
        signed = {one.key for one in verify_note(note, keys)}
        return Word(parse_checkpoint(note.text), ("bank",), self.log.key in signed)

    def agree(self, size: int) -> None:
        """A quorum stands for so much of the log, now."""
        self.size, self.stood_at = size, self.clock.time


@dataclass
class Disk:
    """What survives a restart."""

    values: dict[str, bytes] = field(default_factory=dict)
    full: bool = False

    def meta(self, name: str) -> bytes | None:
        return self.values.get(name)

    def set_meta(self, name: str, value: bytes) -> None:
        if self.full:
            raise OSError("no space left")
        self.values[name] = value


class Site:
    """One node's publisher, and what it needs."""

    def __init__(self, log: MadeUpLog, clock: SetClock, *, disk: Disk | None = None) -> None:
        self.clock, self.disk = clock, disk or Disk()
        self.chain = Chain(log, clock)
        self.shelf = Shelf(log=lambda: log.tree, entries=log.entries)

    def publisher(self, *witnesses: Witness, policy: Policy | None = None, tls: ssl.SSLContext | bool = False) -> Publisher:
        """A publisher that asks these, all of whom are needed."""
        asking = Witnesses(witnesses, read=self.chain.read, tls=tls, clock=self.clock) if witnesses else None
        if asking is not None:
            ASKING.append(asking)
        return Publisher(
            engine=self.chain,  # type: ignore[arg-type]
            source=self.chain,
            shelf=self.shelf,
            memory=self.disk,
            clock=self.clock,
            every_seconds=1,
            policy=policy or (quorum_of(*witnesses) if witnesses else None),
            witnesses=asking,
        )

    @property
    def published(self) -> int:
        """Size of the published checkpoint."""
        return self.shelf.published.checkpoint.size if self.shelf.published else 0


ASKING: list[Witnesses] = []
ANY_OF = "witness north {}\nwitness south {}\ngroup either any north south\nquorum either\n"
LOG = MadeUpLog(300)
BRANCH = MadeUpLog(300, branch=" otherwise", parts_at=50)


@pytest.fixture(autouse=True)
async def closed_after_the_test(stack: ExitStack) -> AsyncIterator[None]:
    """No connection stays open; those who ask hang up before those who answer."""
    yield
    await hang_up()
    stack.close()


async def hang_up() -> None:
    """Close what was opened for asking."""
    while ASKING:
        await ASKING.pop().close()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened
    OPENED.clear()


@pytest.fixture
def two(tmp_path: Path, clock: SetClock, stack: ExitStack) -> list[tuple[Witness, Desk, RunningApp]]:
    """Two witnesses that know the log."""
    names = ("north.example", "south.example")
    return [stack.enter_context(witness_of(tmp_path / f"{name}.sqlite", LOG, clock=clock, name=name)) for name in names]


async def test_without_witnesses_the_members_checkpoint_is_published_as_it_grows(clock: SetClock) -> None:
    site = Site(LOG, clock)
    publisher = site.publisher()
    await publisher.step()
    assert (site.published, publisher.waiting_for) == (0, "a quorum of the members")
    for size in (10, 20, 300):
        site.chain.agree(size)
        await publisher.step()
        assert site.published == size
        assert site.disk.values[PUBLISHED] == site.shelf.need().note


async def test_a_published_checkpoint_carries_every_cosignature_over_https(
    tmp_path: Path, clock: SetClock, stack: ExitStack
) -> None:
    witness, _, running = stack.enter_context(witness_of(tmp_path / "w", LOG, clock=clock, name="w.example", tls=True))
    assert running.tls is not None
    certificate = tmp_path / "w.der"
    certificate.write_bytes(running.tls.certificate)
    site = Site(LOG, clock)
    publisher = site.publisher(witness, tls=witness_tls([certificate]))
    for size in (10, 300):
        site.chain.agree(size)
        await publisher.step()
        note = parse_note(site.shelf.need().note)
        assert {one.key.name for one in verify_note(note, [LOG.key, witness.key])} == {LOG.origin, "w.example"}
        assert parse_checkpoint(note.text).size == size
    assert publisher.states() == [("w.example", clock.time, "")]


async def test_an_idle_log_is_witnessed_again_after_a_while(two: list[Any], clock: SetClock) -> None:
    site = Site(LOG, clock)
    publisher = site.publisher(*(one[0] for one in two))
    site.chain.agree(10)
    await publisher.step()
    first = site.shelf.need().note
    clock.time += REFRESH_SECONDS - 1
    await publisher.step()
    assert site.shelf.need().note == first
    clock.time += 1
    await publisher.step()
    assert site.shelf.need().note != first


async def test_a_node_that_was_down_catches_up_with_what_the_witness_knows(two: list[Any], clock: SetClock) -> None:
    first, second = Site(LOG, clock), Site(LOG, clock)
    witnesses = [one[0] for one in two]
    first.chain.agree(200)
    await first.publisher(*witnesses).step()
    second.chain.agree(300)
    await second.publisher(*witnesses).step()  # learns the old size from 409
    assert second.published == 300


async def test_a_split_view_shown_to_two_witnesses_is_refused_and_kept(two: list[Any], clock: SetClock) -> None:
    """The log shows each witness another history; neither lets go of the one that it has cosigned."""
    (north, north_desk, _), (south, south_desk, _) = two
    one, other = Site(LOG, clock), Site(BRANCH, clock)
    one.chain.agree(100)
    await one.publisher(north).step()
    other.chain.agree(100)
    await other.publisher(south).step()
    assert (one.published, other.published) == (100, 100), "each has seen one history only, so far"
    for site, size in ((one, 100), (other, 100), (one, 200), (other, 200)):
        clock.time += REFRESH_SECONDS
        site.chain.agree(size)
        before = site.published
        with pytest.raises(LogForked):
            await site.publisher(north, south).step()
        assert site.published == before, "nothing is published that both have not cosigned"
        assert site.shelf.need().checkpoint.size == before
    for desk, shown, known in ((north_desk, BRANCH, LOG), (south_desk, LOG, BRANCH)):
        caught = desk._store.contradictions()
        assert "fork" in {each.kind for each in caught}
        fork = next(each for each in caught if each.kind == "fork")
        assert parse_checkpoint(parse_note(fork.known).text).root == known.tree.root(100)
        assert shown.note(100).encode() in fork.request


async def test_a_log_that_was_rolled_back_is_refused_by_the_witness_and_the_node_stops(two: list[Any], clock: SetClock) -> None:
    """The whole home is an older copy, so the node itself remembers nothing."""
    witnesses = [one[0] for one in two]
    site = Site(LOG, clock)
    site.chain.agree(200)
    await site.publisher(*witnesses).step()
    restored = Site(LOG, clock)
    publisher = restored.publisher(*witnesses)
    restored.chain.agree(100)
    await publisher.step()
    assert restored.published == 0
    assert "the 200 entries that witness " in publisher.waiting_for
    clock.time += 60
    await publisher.step()  # behind, as far as anybody can tell: no quorum has stood for the smaller log since
    restored.chain.agree(100)
    with pytest.raises(LogWentBack):
        await publisher.step()
    assert restored.published == 0


async def test_what_one_member_signed_alone_stops_no_node_even_if_a_witness_cosigned_it(
    two: list[Any], clock: SetClock
) -> None:
    """Neither while the member's branch is ahead of the log, nor when the log has grown past it; and the proof is kept."""
    (north, _, _), (south, south_desk, _) = two
    branch = MadeUpLog(300, branch=" made up by a member", parts_at=200)
    branch.secret = SecretKey.generate(Purpose.LOG, NamedEntropy("a member's own log key"))
    site = Site(LOG, clock)
    site.chain.alone = (branch,)
    publisher = site.publisher(
        north, south, policy=parse_policy(ANY_OF.format(*map(encode_vkey, (north.key, south.key))).encode())
    )
    site.chain.agree(200)
    await publisher.step()
    south_desk._policies[LOG.origin] = make_policy([Log(LOG.key), Log(branch.key)], (), (), NO_QUORUM)  # a careless witness
    assert south_desk.add_checkpoint(request(branch, 250, 200)).status == 200
    for size in (220, 240, 260, 280):
        clock.time += 300
        site.chain.agree(size)
        await publisher.step()
        assert site.published == size
    assert "250 entries for which no quorum stands; signed by bank" in publisher.states()[1][2]
    assert site.disk.values[f"{PLACE}/bank/0"].startswith(branch.note(250).text.encode())
    assert f"{PLACE}/bank/1" not in site.disk.values


async def test_a_log_that_was_rolled_back_and_went_another_way_stops_the_node(two: list[Any], clock: SetClock) -> None:
    witnesses = [one[0] for one in two]
    site = Site(LOG, clock)
    site.chain.agree(200)
    await site.publisher(*witnesses).step()
    restored = Site(BRANCH, clock)
    restored.chain.agree(300)
    with pytest.raises(LogForked):
        await restored.publisher(*witnesses).step()
    assert restored.published == 0
    both = [parse_note(restored.disk.values[f"{PLACE}/LOG/{number}"]) for number in (0, 1)]
    assert [parse_checkpoint(one.text).size for one in both] == [200, 300], "both signed checkpoints are kept"
    assert verify_note(both[0], [LOG.key, *(one.key for one in witnesses)])


async def test_a_node_that_is_behind_goes_on_once_it_has_caught_up(two: list[Any], clock: SetClock) -> None:
    witnesses = [one[0] for one in two]
    ahead, behind = Site(LOG, clock), Site(LOG, clock)
    ahead.chain.agree(200)
    await ahead.publisher(*witnesses).step()
    publisher = behind.publisher(*witnesses)
    behind.chain.agree(100)
    await publisher.step()
    assert behind.published == 0
    clock.time += 60
    behind.chain.size = 150  # still of old times
    await publisher.step()
    behind.chain.agree(250)
    await publisher.step()
    assert behind.published == 250


async def test_this_nodes_own_memory_counts_like_a_witness(clock: SetClock) -> None:
    site = Site(LOG, clock)
    site.chain.agree(200)
    await site.publisher().step()
    for log, size, error in ((LOG, 100, LogWentBack), (BRANCH, 200, LogForked), (BRANCH, 300, LogForked)):
        restored = Site(log, clock, disk=Disk(dict(site.disk.values)))
        publisher = restored.publisher()
        clock.time += 60
        restored.chain.agree(size)
        with pytest.raises(error):
            await publisher.step()
        assert restored.published == 0


async def test_after_a_restart_the_published_checkpoint_is_there_again_even_without_witnesses(
    two: list[Any], clock: SetClock
) -> None:
    site = Site(LOG, clock)
    site.chain.agree(200)
    await site.publisher(*(one[0] for one in two)).step()
    note = site.shelf.need().note
    again = Site(LOG, clock, disk=site.disk)
    gone = Witness("gone", two[0][0].key, "http://127.0.0.1:9")
    again.chain.agree(300)
    await again.publisher(gone).step()
    assert again.shelf.need().note == note


async def test_after_a_restart_with_another_policy_the_old_checkpoint_is_not_shown_without_its_witnesses(
    clock: SetClock,
) -> None:
    site = Site(LOG, clock)
    site.chain.agree(200)
    await site.publisher().step()
    again = Site(LOG, clock, disk=site.disk)
    again.chain.agree(200)
    publisher = again.publisher(Witness("gone", key_of("gone.example")[0], "http://127.0.0.1:9"))
    await publisher.step()
    assert again.published == 0


async def test_nothing_is_shown_that_is_not_on_the_disk(clock: SetClock) -> None:
    site = Site(LOG, clock)
    publisher = site.publisher()
    site.chain.agree(10)
    await publisher.step()
    site.disk.full = True
    site.chain.agree(20)
    with pytest.raises(OSError, match="no space"):
        await publisher.step()
    assert site.published == 10


async def test_without_a_quorum_of_witnesses_the_old_checkpoint_stays(two: list[Any], clock: SetClock) -> None:
    (north, *_), (south, _, running) = two
    site = Site(LOG, clock)
    publisher = site.publisher(north, south)
    site.chain.agree(10)
    await publisher.step()
    running.server.should_exit = True
    running.server.force_exit = True
    gone = Witness("gone", south.key, "http://127.0.0.1:9")
    publisher = site.publisher(north, gone)
    site.chain.agree(20)
    await publisher.step()
    await publisher.step()
    assert site.published == 10
    assert publisher.waiting_for == "the quorum all-of-them of the witnesses; cosigned by north.example"
    assert publisher.states()[1][2] == "The witness gone does not answer: connection refused."


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


@pytest.mark.parametrize(
    ("text", "test", "error"),
    [
        ("quorum none\n", False, WitnessesRequired),
        ("quorum none\n", True, BadWitnessPolicy),  # nobody to ask
        ("nonsense\n", True, BadWitnessPolicy),
    ],
)
def test_a_policy_that_proves_nothing_is_refused(tmp_path: Path, text: str, test: bool, error: type[Exception]) -> None:
    path = tmp_path / "policy"
    path.write_text(text)
    with pytest.raises(error):
        load_witness_policy(LogSettings(witnesses=path), test=test)
    with pytest.raises(BadWitnessPolicy):
        load_witness_policy(LogSettings(witnesses=tmp_path / "missing"), test=test)
    assert load_witness_policy(LogSettings(), test=test) is None
