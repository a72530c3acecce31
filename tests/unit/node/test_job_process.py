"""What a job's process gets from its node, and what it lets out."""

from __future__ import annotations

import asyncio
import json
import os
import sys
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
from tests.unit.jobs.world import plan

STORAGE_KEY = bytes(range(32))


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


async def test_a_job_process_gets_neither_the_passphrase_nor_code_from_the_nodes_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = 'import json, os, sys\nprint(json.dumps({"event": "seen", "names": sorted(os.environ), "argv": sys.orig_argv}))\n'
    (tmp_path / "python").write_text(f"#!{sys.executable}\n{report}")
    (tmp_path / "python").chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    for name in ("ATOLL_PASSPHRASE", "ATOLL_PASSPHRASE_FILE"):
        monkeypatch.setenv(name, "open sesame")
    monkeypatch.setenv("ATOLL_SOMETHING_ELSE", "1")
    async with ProcessStarter(door=None, logs=tmp_path).start(order(tmp_path), plan()) as process:
        seen = [event async for event in process.events()]
    assert len(seen) == 1
    names, argv = seen[0]["names"], seen[0]["argv"]
    assert "ATOLL_SOMETHING_ELSE" in names
    assert not any("PASSPHRASE" in name for name in names)
    assert argv[2:5] == ["-P", "-m", "atoll.node.worker"]
    assert all(len(argument) < 64 for argument in argv[5:])  # a handle and a process number: no secret is an argument
    assert os.environ["ATOLL_PASSPHRASE"] == "open sesame"


async def test_a_job_process_has_ended_even_for_who_is_cancelled_twice_while_it_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped by a withdrawal and at once by the job's end: what still ran could write another seed behind the deletion."""
    deaf = 'import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint(\'{"event": "deaf"}\', flush=True)\n'
    deaf += "time.sleep(60)\n"
    (tmp_path / "python").write_text(f"#!{sys.executable}\n{deaf}")
    (tmp_path / "python").chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(spawn, "STOP_SECONDS", 0.2)
    started: list[asyncio.subprocess.Process] = []
    is_deaf = asyncio.Event()

    async def live() -> None:
        async with ProcessStarter(door=None, logs=tmp_path).start(order(tmp_path), plan()) as process:
            assert isinstance(process, spawn.ChildProcess)
            started.append(process._process)
            async for _ in process.events():
                is_deaf.set()

    task = asyncio.create_task(live())
    await is_deaf.wait()
    task.cancel()
    await asyncio.sleep(0.05)  # it is being stopped
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert started[0].returncode is not None


class TestPrepared:
    """A process that waits for its order while the parties still agree."""

    @pytest.fixture
    def reporting(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Processes that say their number as soon as they have their order."""
        report = 'import json, os, sys\nsys.stdin.buffer.read()\nprint(json.dumps({"event": "seen", "pid": os.getpid()}))\n'
        (tmp_path / "python").write_text(f"#!{sys.executable}\n{report}")
        (tmp_path / "python").chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    @pytest.mark.usefixtures("reporting")
    async def test_a_job_takes_the_process_that_was_prepared_and_the_next_one_gets_its_own(self, tmp_path: Path) -> None:
        starter = ProcessStarter(door=None, logs=tmp_path)
        await starter.prepare()
        await starter.prepare()
        assert starter._spare is not None
        waiting = starter._spare.process.pid
        seen = []
        for _ in range(2):
            async with starter.start(order(tmp_path), plan()) as process:
                seen += [event["pid"] async for event in process.events()]
                assert await process.wait() == 0
        assert seen[0] == waiting
        assert seen[1] != waiting
        await starter.close()

    @pytest.mark.usefixtures("reporting")
    async def test_one_that_was_prepared_in_vain_ends_by_itself_or_with_the_node(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        starter = ProcessStarter(door=None, logs=tmp_path)
        await starter.prepare()
        assert starter._spare is not None
        process = starter._spare.process
        await starter.close()
        assert process.returncode is not None
        monkeypatch.setattr(spawn, "SPARE_SECONDS", 0.05)
        await starter.prepare()
        assert starter._spare is not None
        process = starter._spare.process
        async with asyncio.timeout(60):
            await process.wait()
        assert starter._spare is None
        await starter.close()

    @pytest.mark.usefixtures("reporting")
    async def test_one_that_died_while_it_waited_is_replaced(self, tmp_path: Path) -> None:
        starter = ProcessStarter(door=None, logs=tmp_path)
        await starter.prepare()
        assert starter._spare is not None
        dead = starter._spare.process
        dead.kill()
        await dead.wait()
        async with starter.start(order(tmp_path), plan()) as process:
            assert [event["pid"] async for event in process.events()] != [dead.pid]
        await starter.close()


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
        assert events[-1] == {"event": "failed", "code": MemoryExceeded.code}
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
