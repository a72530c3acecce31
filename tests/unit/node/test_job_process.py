"""What a job's process gets from its node, and what it lets out."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from atoll.errors import AtollError
from atoll.jobs.kind import Inputs
from atoll.jobs.similarity import Similarity, SimilaritySpec
from atoll.ledger.checks import Stage
from atoll.ledger.plan import digest_plan_body
from atoll.node import spawn
from atoll.node.errors import MemoryExceeded, NodeFault
from atoll.node.execution import Execution
from atoll.node.journal import derive_journal_key
from atoll.node.order import LocalInput, Peer, WorkerOrder, encode_order, parse_order
from atoll.node.spawn import ProcessStarter
from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.identifiers import Report
from atoll.protocols.role import Party
from atoll.sources.keyset import KeySet
from atoll.sources.prints import Registered
from atoll.storage.errors import StoreCorrupt
from atoll.storage.sealed import Sealer
from atoll.transport.errors import JobAborted, RoleFailed
from atoll.transport.memory import MemoryFabric
from atoll.transport.options import RunOptions
from atoll.wire.message import encode_message
from tests.patience import patience
from tests.unit.jobs.world import plan

STORAGE_KEY = bytes(range(32))
PYTHON = sys.executable


def order(folder: Path) -> WorkerOrder:
    return WorkerOrder(
        org="bank",
        plan=encode_message(plan()),
        attempt=1,
        job_key=b"J" * 32,
        peers=(Peer(org="bureau", job_key=b"P" * 32, certificates=(bytes(200),), endpoint=""),),
        endpoint="",
        tls_scalar=b"T" * 32,
        tls_certificate=bytes(200),
        inputs=(),
        folders=(),
        journal=str(folder),
        journal_key=derive_journal_key(STORAGE_KEY, plan().job_id.hex()),
        seconds_left=10,
        memory_bytes=1 << 28,
        traffic_bytes=1 << 30,
    )


class TestTheKeyOfTheJournal:
    def test_it_opens_nothing_else_of_the_node(self) -> None:
        """A job's process reads what others send; taken over, it must not hold what opens other jobs and their results."""
        keys = {derive_journal_key(STORAGE_KEY, "aa"), derive_journal_key(STORAGE_KEY, "ab"), STORAGE_KEY}
        assert len(keys) == 3
        sealed = Sealer(STORAGE_KEY, SeededEntropy(bytes(32))).seal("job/ab", b"another job's key")
        with pytest.raises(StoreCorrupt):
            Sealer(derive_journal_key(STORAGE_KEY, "aa"), SeededEntropy(bytes(32))).open("job/ab", sealed)

    def test_an_order_shows_no_secret_when_printed(self, tmp_path: Path) -> None:
        one = order(tmp_path)
        assert parse_order(encode_order(one)) == one
        for shown in (repr(one), str(one), f"{one}"):
            assert not any(secret in shown for secret in ("JJJJ", "TTTT", one.journal_key.hex()[:8], repr(one.journal_key)[:8]))


@pytest.fixture
def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes job processes, which are real in all else, do this in the place of a job; `tell` tells an event."""

    def write(work: str) -> None:
        lines = [
            f"#!{sys.executable}",
            "import json, os, signal, sys, time",
            "from atoll.node import worker, working",
            "def tell(**event):",
            "    print(json.dumps({'event': 'seen'} | event), flush=True)",
            "def work(orders, channel):",
            *(f"    {line}" for line in work.splitlines()),
            "    return 0",
            "working.work = work",
            "asked, sys.argv = sys.argv, sys.argv[3:]",
            "sys.exit(worker.main())",
        ]
        (tmp_path / "python").write_text("\n".join(lines))
        (tmp_path / "python").chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    return write


@pytest.fixture
async def starter(tmp_path: Path) -> AsyncIterator[ProcessStarter]:
    made = ProcessStarter(door=None, logs=tmp_path)
    yield made
    await made.close()


async def live(starter: ProcessStarter, folder: Path) -> tuple[list[dict[str, Any]], int]:
    """What one job's process tells, and its exit status."""
    async with starter.start(order(folder), plan()) as process:
        return [event async for event in process.events()], await process.wait()


async def test_a_job_process_gets_neither_the_passphrase_nor_code_from_the_nodes_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pretend: Callable[[str], None], starter: ProcessStarter
) -> None:
    pretend("tell(names=sorted(os.environ), argv=asked[1:])")
    for name in ("ATOLL_PASSPHRASE", "ATOLL_PASSPHRASE_FILE"):
        monkeypatch.setenv(name, "open sesame")
    monkeypatch.setenv("ATOLL_SOMETHING_ELSE", "1")
    seen, _ = await live(starter, tmp_path)
    assert len(seen) == 1
    names, argv = seen[0]["names"], seen[0]["argv"]
    assert "ATOLL_SOMETHING_ELSE" in names
    assert not any("PASSPHRASE" in name for name in names)
    assert argv[:3] == ["-P", "-m", "atoll.node.worker"]
    assert all(len(argument) < 64 for argument in argv[3:])  # a handle and a process number: no secret is an argument
    assert os.environ["ATOLL_PASSPHRASE"] == "open sesame"


async def test_a_job_process_has_its_order_its_way_in_and_its_log_open_and_nothing_of_other_jobs(
    tmp_path: Path, pretend: Callable[[str], None], starter: ProcessStarter
) -> None:
    pretend(
        "opened = sorted(map(int, os.listdir('/proc/self/fd')))\n"
        "log = os.readlink('/proc/self/fd/2')\n"
        "tell(opened=opened, channel=channel.fileno(), log=log, order=len(orders.read()))\n"
        "print('a word for the log', file=sys.stderr)\n"
        "time.sleep(0.2)"
    )
    both = await asyncio.gather(live(starter, tmp_path), live(starter, tmp_path))
    for seen, status in both:
        assert status == 0
        listing = 4  # of the folder that it looks at
        assert seen[0] | {"event": "seen"} == {
            "event": "seen",
            "opened": [0, 1, 2, 3, listing],
            "channel": 3,
            "log": str(tmp_path / "jobs.log"),
            "order": len(encode_order(order(tmp_path))),
        }
    assert (tmp_path / "jobs.log").read_text() == 2 * "a word for the log\n"


@pytest.mark.parametrize(
    ("does", "status"),
    [
        ("pass", 0),
        ("return 3", 3),
        ("raise KeyError('x')", 1),
        ("os.kill(os.getpid(), signal.SIGKILL)", -9),
        ("os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)", -9),
    ],
)
async def test_the_exit_status_of_a_job_process_is_told(
    tmp_path: Path, pretend: Callable[[str], None], starter: ProcessStarter, does: str, status: int
) -> None:
    """The last one takes the process with it that would have told."""
    pretend(does)
    assert await live(starter, tmp_path) == ([], status)
    assert await live(starter, tmp_path) == ([], status)


async def test_a_job_process_dies_with_its_node(tmp_path: Path, pretend: Callable[[str], None]) -> None:
    """A node that is killed takes the process between them along, and that takes this one."""
    pretend("tell(pids=[os.getpid(), os.getppid()])\ntime.sleep(60)")
    node = f"""
import asyncio, sys
from pathlib import Path
sys.executable = {sys.executable!r}
from atoll.node.spawn import ProcessStarter
from tests.unit.node.test_job_process import order, plan
async def main():
    async with ProcessStarter(door=None, logs=Path({str(tmp_path)!r})).start(order(Path({str(tmp_path)!r})), plan()) as process:
        async for event in process.events():
            print(*event["pids"], flush=True)
asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(PYTHON, "-c", node, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    pids = [int(one) for one in (await process.stdout.readline()).split()]
    assert len(pids) == 2
    process.kill()
    await process.wait()
    ends = time.monotonic() + 10 * patience()
    while any(map(lives, pids)):
        assert time.monotonic() < ends
        await asyncio.sleep(0.01)


def lives(pid: int) -> bool:
    """Whether a process runs; one that waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def wait_until_dead(pid: int) -> None:
    """Without letting the loop hear of it."""
    while lives(pid):
        time.sleep(0.001)


def threads(pid: int) -> int:
    """How many threads a process has (proc(5))."""
    return sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())


def data_pages(pid: int) -> int:
    """How much memory of its own a process has asked for (proc(5))."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[5])


async def test_a_job_process_has_ended_even_for_who_is_cancelled_twice_while_it_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pretend: Callable[[str], None], starter: ProcessStarter
) -> None:
    """Stopped by a withdrawal and at once by the job's end: what still ran could write another seed behind the deletion."""
    pretend("signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntell(pid=os.getpid())\ntime.sleep(60)")
    monkeypatch.setattr(spawn, "STOP_SECONDS", 0.2)
    pids: list[int] = []
    is_deaf = asyncio.Event()

    async def run() -> None:
        async with starter.start(order(tmp_path), plan()) as process:
            async for event in process.events():
                pids.append(event["pid"])
                is_deaf.set()

    task = asyncio.create_task(run())
    await is_deaf.wait()
    assert lives(pids[0])
    task.cancel()
    await asyncio.sleep(0.05)  # it is being stopped
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert not lives(pids[0])


class TestOrigin:
    """The process that jobs' processes are copied from."""

    def pid(self, starter: ProcessStarter) -> int:
        assert starter._origin is not None
        return starter._origin.process.pid

    async def test_it_has_one_thread_and_loads_the_code_of_a_kind_once(self, tmp_path: Path, starter: ProcessStarter) -> None:
        """A copy has the thread that asked for it and no other, whatever the others were doing and had locked."""
        await starter.prepare()
        loaded = []
        for _ in range(2):
            async with starter.start(order(tmp_path), plan()) as process:
                assert await process.wait() == 1, "its certificate is none"
            assert threads(self.pid(starter)) == 1
            loaded.append(data_pages(self.pid(starter)))
        assert loaded[0] == loaded[1]

    async def test_it_is_prepared_once_and_serves_one_job_after_the_other(
        self, tmp_path: Path, pretend: Callable[[str], None], starter: ProcessStarter
    ) -> None:
        pretend("tell(pids=[os.getpid(), os.getppid()])")
        await asyncio.gather(starter.prepare(), starter.prepare())
        prepared = self.pid(starter)
        seen = [await live(starter, tmp_path) for _ in range(2)]
        pids = [events[0]["pids"] for events, _ in seen]
        assert [parent for _, parent in pids] == [prepared, prepared]
        assert pids[0][0] != pids[1][0]
        assert [status for _, status in seen] == [0, 0]

    async def test_it_ends_when_no_job_has_come_for_a_while_and_with_the_node(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pretend: Callable[[str], None], starter: ProcessStarter
    ) -> None:
        pretend("time.sleep(0.5)\ntell()")
        await starter.prepare()
        process = starter._origin.process  # type: ignore[union-attr]
        await starter.close()
        assert process.returncode is not None
        monkeypatch.setattr(spawn, "IDLE_SECONDS", 0.05)
        _, status = await live(starter, tmp_path)
        assert status == 0, "it ended while a job ran"
        process = starter._origin.process  # type: ignore[union-attr]
        async with asyncio.timeout(60):
            await process.wait()
        assert starter._origin is None

    async def test_a_job_that_comes_when_its_time_is_up_keeps_it(
        self, tmp_path: Path, pretend: Callable[[str], None], starter: ProcessStarter
    ) -> None:
        pretend("tell()")
        await starter.prepare()
        starter._expire()
        _, status = await live(starter, tmp_path)
        assert status == 0

    async def test_one_that_has_died_is_replaced(
        self, tmp_path: Path, pretend: Callable[[str], None], starter: ProcessStarter
    ) -> None:
        pretend("tell(parent=os.getppid())")
        await starter.prepare()
        dead = self.pid(starter)
        os.kill(dead, signal.SIGKILL)
        wait_until_dead(dead)
        events, status = await live(starter, tmp_path)
        assert status == 0
        assert events[0]["parent"] != dead


class TestFailures:
    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (KeyError("row 17 holds a secret"), NodeFault.code),
            (ExceptionGroup("row 17 holds a secret", [ValueError("secret")]), NodeFault.code),
            (MemoryError(), MemoryExceeded.code),
            (RoleFailed(), RoleFailed.code),
        ],
        ids=lambda one: type(one).__name__,
    )
    async def test_a_failure_nobody_foresaw_is_told_by_its_code_and_logged_without_data(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception, code: str
    ) -> None:
        """Left to the interpreter, its message would stand in the log, and the node would start the process again."""
        events: list[dict[str, Any]] = []

        class Failing(Execution):
            async def run(self) -> None:
                raise error

        network = MemoryFabric().network("bank")
        failing = Failing(order(tmp_path), network=network, tell=events.append, entropy=SeededEntropy(bytes(32)))
        assert await failing.run_to_status() == 1
        assert events == [{"event": "failed", "code": code}]
        assert "secret" not in caplog.text + json.dumps(events)

    async def test_a_place_that_ran_out_of_memory_is_told_as_that_and_its_sister_passes_on_who_ended_the_job(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Either of them may be heard first by the other organisations."""
        events: list[dict[str, Any]] = []
        passed_on: list[AtollError] = []
        sister_runs = asyncio.Event()

        async def run_role(*_: Any, me: Party, options: RunOptions, **__: Any) -> None:
            if me.role == "owner":
                await sister_runs.wait()
                raise RoleFailed() from MemoryError()
            sister_runs.set()
            try:
                await asyncio.sleep(60)
            finally:
                passed_on.append(options.why_stopped())

        monkeypatch.setattr("atoll.node.execution.run_role", run_role)
        monkeypatch.setattr(Execution, "_read_inputs", lambda *_: Inputs())
        both = encode_message(replace(plan(), parties=tuple(replace(one, org="bank") for one in plan().parties)))
        mine = replace(order(tmp_path), plan=both, peers=(Peer(org="bank", job_key=b"P" * 32, certificates=(), endpoint=""),))
        network = MemoryFabric().network("bank")
        await Execution(mine, network=network, tell=events.append, entropy=SeededEntropy(bytes(32))).run_to_status()
        phases = [{"event": "phase", "phase": phase} for phase in ("reading inputs", "running")]
        assert events == [*phases, {"event": "failed", "code": MemoryExceeded.code}]
        (said,) = passed_on
        assert isinstance(said, JobAborted)
        assert (said.party, said.remote_code) == ("owner/0", RoleFailed.code)


def test_which_rows_a_check_compares_follows_from_the_plan_with_its_salt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The salt is drawn after both versions were registered; nothing else of a plan need be new to them."""
    seeds: list[bytes] = []

    def sample(folder: Path, registered: Registered, *, seed: bytes, **_: Any) -> KeySet:
        seeds.append(seed)
        assert (str(folder), registered.rows_at_most) == ("prints", 512)
        return KeySet(tmp_path, address="", report=Report(), memory_bytes=1)

    monkeypatch.setattr("atoll.node.execution.open_sample", sample)
    spec = SimilaritySpec.of(Stage.SAMPLE, "bureau/people/1", "bank/customers/1", 512, 512)
    bodies = [encode_message(replace(plan(), **Similarity().draft(spec).to_fields(), salt=bytes([n]) * 32)) for n in range(2)]
    local = LocalInput(
        dataset="bank/customers/1", address="a.csv", fingerprint=f"file-sha256/1:{'0' * 64}", prints="prints", rows_at_most=512
    )
    for body in bodies:
        one = replace(order(tmp_path), plan=body, inputs=(local,))
        execution = Execution(
            one, network=MemoryFabric().network("bank"), tell=lambda _: None, entropy=SeededEntropy(bytes(32)), threads=False
        )
        with ExitStack() as kept:
            execution._read_inputs(Party("receiver"), kept)
    assert seeds == [digest_plan_body(body) for body in bodies]
    assert len(set(seeds)) == 2
