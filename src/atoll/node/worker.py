"""The child process of one job: `python -m atoll.node.worker HANDOFF_FD NODE_PID`, order on standard input, events on standard output.

It reads this party's inputs once, hashing them as it reads, runs the protocol's role over its own sockets, and writes the sealed outcome. It
holds this job's secrets and no others, is capped in memory, dies with its node, and says nothing about rows: an event is a JSON line with
codes, counts and times.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from atoll.errors import AtollError
from atoll.jobs.kind import Identifiers, Inputs, Outcome
from atoll.jobs.registry import job_kind
from atoll.ledger.plan import Plan, PlanInput, digest_plan_body
from atoll.node.errors import MemoryExceeded
from atoll.node.journal import DiskJournal
from atoll.node.order import MAX_ORDER_BYTES, LocalInput, WorkerOrder, parse_order
from atoll.ports import SystemEntropy
from atoll.protocols.identifiers import Report as SpellingReport
from atoll.protocols.identifiers import parse_rule
from atoll.protocols.role import Party, Progress
from atoll.sources import Source, SourceRoot, open_source, parse_fingerprint, stream_keys
from atoll.storage.sealed import Sealer
from atoll.transport.errors import JobAborted
from atoll.transport.handoff import HandoffReceiver
from atoll.transport.identity import TlsIdentity
from atoll.transport.meeting import Meeting
from atoll.transport.network import TlsNetwork
from atoll.transport.run import RunOptions
from atoll.transport.runner import Report, run_role
from atoll.transport.sealing import JobKeys, Member
from atoll.trust.tlskeys import TlsKey
from atoll.wire.message import parse_message

PR_SET_PDEATHSIG = 1
PROGRESS_SECONDS = 0.2


def main() -> int:
    """Run the job of the order on standard input."""
    die_with_parent(int(sys.argv[2]))
    order = parse_order(sys.stdin.buffer.read(MAX_ORDER_BYTES))
    resource.setrlimit(resource.RLIMIT_DATA, (order.memory_bytes, order.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(name)s %(levelname)s %(message)s")
    try:
        asyncio.run(work(order, socket.socket(fileno=int(sys.argv[1]))))
    except JobAborted as err:
        tell("failed", code=err.remote_code, origin="peer")
        return 1
    except AtollError as err:
        tell("failed", code=err.code, origin="self")
        return 1
    except MemoryError:
        tell("failed", code=MemoryExceeded.code, origin="self")
        return 1
    return 0


def die_with_parent(node: int) -> None:
    """A node that is killed takes its jobs' processes with it; they resume when it is started again."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != node:  # it died before the line above
        os._exit(1)


def tell(event: str, **fields: Any) -> None:
    """One event for the node."""
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


async def work(order: WorkerOrder, channel: socket.socket) -> None:
    """Read the inputs, then run every place this organisation has in the plan."""
    plan = parse_message(order.plan, Plan)
    deadline = asyncio.get_running_loop().time() + order.seconds_left
    tell("phase", phase="reading inputs")
    places = [Party(one.role, one.index) for one in plan.parties if one.org == order.org]
    inputs = {place: await asyncio.to_thread(read_inputs, order, plan, place) for place in places}
    network = TlsNetwork(
        identity=TlsIdentity(TlsKey(order.tls_scalar, order.tls_certificate)),
        pins=lambda: {one.org: one.certificates for one in order.peers},
        addresses=lambda: addresses(order),
        door=HandoffReceiver(channel),
    )
    tell("phase", phase="running")
    try:
        async with asyncio.TaskGroup() as group:
            for place in places:
                group.create_task(run_place(order, plan, place, inputs[place], network, deadline))
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    finally:
        await network.close()


async def run_place(order: WorkerOrder, plan: Plan, place: Party, inputs: Inputs, network: TlsNetwork, deadline: float) -> None:
    """One role generator, from meeting the others to the sealed outcome."""
    kind = job_kind(plan.kind)
    by_org = {one.org: one for one in order.peers}
    keys = JobKeys(
        plan_digest=digest_plan_body(order.plan),
        attempt=order.attempt,
        me=place,
        secret=order.job_key,
        members={
            Party(one.role, one.index): Member(org=one.org, public=by_org[one.org].job_key)
            for one in plan.parties
            if Party(one.role, one.index) != place
        },
    )
    folder = Path(order.journal)
    journal = DiskJournal(
        folder, name=f"{order.attempt}-{place.role}-{place.index}", sealer=Sealer(order.storage_key, SystemEntropy())
    )
    meeting = Meeting(network, keys, org=order.org)
    await meeting.start()
    try:
        report: Report[Outcome] = await run_role(
            lambda seed, resume: kind.program(plan, place, inputs, seed=seed, resume=resume),
            me=place,
            peers=meeting.openers(),
            journal=journal,
            deadline=deadline,
            entropy=SystemEntropy(),
            options=RunOptions(on_progress=Throttle()),
        )
    finally:
        await meeting.close()
    outcome = report.output
    tell(
        "done",
        role=place.role,
        index=place.index,
        commitment=outcome.result_commitment.hex(),
        counts=dict(outcome.counts),
        sent=report.sent_bytes,
        received=report.received_bytes,
        seconds=report.seconds,
        reconnects=report.reconnects,
        checkpoints=report.checkpoints,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )


class Throttle:
    """Passes progress on, a few times a second."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, progress: Progress) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._last >= PROGRESS_SECONDS or progress.done == progress.total:
            self._last = now
            tell("progress", done=progress.done, total=progress.total, unit=progress.unit)


def addresses(order: WorkerOrder) -> dict[str, tuple[str, int]]:
    """Where each organisation of the job is reached, this one included."""
    known = {one.org: one.endpoint for one in order.peers} | {order.org: order.endpoint}
    return {org: parse_endpoint(endpoint) for org, endpoint in known.items() if endpoint}


def parse_endpoint(text: str) -> tuple[str, int]:
    """Host and port of `host:port`."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def read_inputs(order: WorkerOrder, plan: Plan, place: Party) -> Inputs:
    """This place's inputs, read once and normalised as the plan says.

    Raises:
        SourceChanged: a source is not what was registered.
    """
    local = {one.dataset: one for one in order.inputs}
    planned = [one for one in plan.inputs if (one.role, one.index) == (place.role, place.index)]
    return Inputs(tuple(read_identifiers(order, one, local[one.dataset], spell=place.role == "receiver") for one in planned))


def read_identifiers(order: WorkerOrder, planned: PlanInput, local: LocalInput, *, spell: bool) -> Identifiers:
    """The distinct keys of one input."""
    rules = [parse_rule(one) for one in planned.normalisation]
    report = SpellingReport()
    registered = parse_fingerprint(local.fingerprint)
    root = SourceRoot(Path(one) for one in order.folders)
    with open_source(local.address, root=root, scratch=Path(order.journal), registered=registered) as source:
        found = list(stream_keys(source, planned.columns, rules, report=report, max_identifiers=planned.rows_cap))
        rows = [row for row, _ in found]
        spelled = list(spellings(source, planned.columns, rows)) if spell else []
    tell("input", dataset=planned.dataset, rows=len(found))
    return Identifiers(keys=[key for _, key in found], rows=rows, spelled=spelled)


def spellings(source: Source, columns: tuple[str, ...], rows: list[int]) -> Iterator[tuple[str, ...]]:
    """The cells of some rows, as the source spells them; `rows` ascend."""
    wanted = iter(rows)
    following = next(wanted, None)
    at = 0
    for batch in source.batches(columns):
        cells = list(zip(*(column.cast("string").to_pylist() for column in batch.columns), strict=True))
        while following is not None and following < at + len(cells):
            yield tuple("" if cell is None else cell for cell in cells[following - at])
            following = next(wanted, None)
        at += len(cells)


if __name__ == "__main__":
    sys.exit(main())
