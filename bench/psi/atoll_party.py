"""One warm party of Atoll: the product's reader, roles, runner, journal and sealed TLS sessions; ledger and node are left out.

    python -m psi.atoll_party NUMBER PARTIES      in the folder bench; orders on standard input, one JSON line each

Number 0 is the receiver. An order names `in`, `out`, `ports`, `protocol` and what that protocol takes.
"""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import sys
import tempfile
import time
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.csv

from atoll.node.execution import CELLS_SHARE, KEYS_SHARE
from atoll.node.journal import DiskJournal
from atoll.ports import SystemClock, SystemEntropy
from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.hpke import derive_key_pair
from atoll.protocols.identifiers import Report as Spelling
from atoll.protocols.identifiers import parse_rules
from atoll.protocols.psi import Matches
from atoll.protocols.role import Party
from atoll.sources import DEFAULT_BATCH_ROWS, SourceRoot, SourceRows, open_items, open_source
from atoll.storage.sealed import Sealer
from atoll.transport.identity import TlsIdentity
from atoll.transport.meeting import Meeting
from atoll.transport.network import TlsNetwork
from atoll.transport.options import Report
from atoll.transport.router import Router
from atoll.transport.runner import run_role
from atoll.transport.sealing import JobKeys, Member
from atoll.trust.tlskeys import TlsKey, create_tls_key
from psi.protocols import Opened, make_role

MOST_SECONDS = 3600.0
MEMORY_BYTES = 4 << 30
"""A job's cap; what of it keys and cells may take, and that a receiver keeps the cells it will show, is as in a node."""


def used() -> float:
    """CPU time of this process so far, seconds."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def place(number: int) -> Party:
    """Where a party sits."""
    return Party("receiver") if number == 0 else Party("owner", number - 1)


def secret(label: str) -> bytes:
    """Both sides of the benchmark know each other's keys without a ledger; they protect nothing."""
    return sha256(b"benchmark " + label.encode()).digest()


class Today(SystemClock):
    """Certificates begin today, not at the second in which a process happened to start."""

    def now(self) -> int:
        return super().now() // 86_400 * 86_400


def tls_key(number: int) -> TlsKey:
    """The certificate of a party, the same in every process."""
    return create_tls_key(f"party-{number}", clock=Today(), entropy=SeededEntropy(secret(f"tls {number}")))


class BenchJournal(DiskJournal):
    """The product's journal, seed, notes and checkpoints durable; the output, which is no job's outcome, in memory."""

    _output: Any = None

    def save_output(self, output: Any) -> None:
        self._output = (output,)

    def is_finished(self) -> bool:
        return self._output is not None

    def load_output(self) -> Any:
        return self._output[0]


class BenchParty:
    """What stays from order to order: keys."""

    def __init__(self, number: int, parties: int) -> None:
        self._number = number
        self._me = place(number)
        self._places = [place(one) for one in range(parties)]
        self._keys = [tls_key(one) for one in range(parties)]

    async def run(self, order: dict[str, Any]) -> dict[str, Any]:
        """One run, from the CSV file to the CSV file."""
        before, began = used(), time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="bench-psi-", dir=Path(order["in"]).parent) as scratch, ExitStack() as stack:
            opened = await asyncio.to_thread(self._open, order, Path(scratch), stack)
            report = await self._play(order, opened, Path(scratch))
            matched = -1
            if isinstance(report.output, Matches):
                matched = await asyncio.to_thread(_write, opened, report.output, Path(order["out"]))
        return {
            "seconds": time.perf_counter() - began,
            "cpu_seconds": used() - before,
            "matched": matched,
            "sent_bytes": report.sent_bytes,
        }

    def _open(self, order: dict[str, Any], scratch: Path, stack: ExitStack) -> Opened:
        path = Path(order["in"])
        source = stack.enter_context(open_source(path.name, root=SourceRoot([path.parent]), scratch=scratch))
        table = SourceRows(source, memory_bytes=MEMORY_BYTES // CELLS_SHARE)
        if self._number == 0:
            table.keep(["id"])
        items = open_items(
            table,
            ["id"],
            parse_rules(["exact/1"]),
            report=Spelling(),
            scratch=scratch,
            max_rows=order["rows_cap"],
            memory_bytes=MEMORY_BYTES // KEYS_SHARE,
        )
        return Opened(items=stack.enter_context(items), table=table)

    async def _play(self, order: dict[str, Any], opened: Opened, scratch: Path) -> Report[Any]:
        context = sha256(json.dumps(order["ports"]).encode()).digest()
        addresses = {f"party-{one}": ("127.0.0.1", port) for one, port in enumerate(order["ports"])}
        router = Router(socket.create_server(addresses[f"party-{self._number}"], reuse_port=False))
        network = TlsNetwork(
            identity=TlsIdentity(self._keys[self._number]),
            pins=lambda: {f"party-{one}": (key.certificate,) for one, key in enumerate(self._keys)},
            addresses=lambda: addresses,
            door=router,
        )
        serving = asyncio.ensure_future(router.serve())
        meeting = Meeting(network, self._job_keys(context), org=f"party-{self._number}")
        await meeting.start()
        try:
            return await run_role(
                lambda seed, resume: make_role(order, opened, self._places, self._me, context, seed, resume),
                me=self._me,
                peers=meeting.openers(),
                journal=BenchJournal(scratch, name="bench", sealer=Sealer(secret("journal"), SystemEntropy())),
                deadline=asyncio.get_running_loop().time() + MOST_SECONDS,
                entropy=SystemEntropy(),
            )
        finally:
            await meeting.close()
            await network.close()
            serving.cancel()

    def _job_keys(self, context: bytes) -> JobKeys:
        pairs = {one: derive_key_pair(secret(f"job {one}")) for one in self._places}
        return JobKeys(
            plan_digest=context,
            attempt=1,
            me=self._me,
            secret=pairs[self._me].secret,
            members={
                one: Member(org=f"party-{number}", public=pairs[one].public)
                for number, one in enumerate(self._places)
                if one != self._me
            },
        )


def _write(opened: Opened, matches: Matches, path: Path) -> int:
    """The matched rows as the source spells them."""
    table = opened.table.take(["id"], matches.rows)
    pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(batch_size=DEFAULT_BATCH_ROWS))
    return int(table.num_rows)


def peak_bytes() -> int:
    """Largest resident set so far. Not `ru_maxrss`, which a process takes over from the one that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def main() -> None:
    party = BenchParty(int(sys.argv[1]), int(sys.argv[2]))
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        done = asyncio.run(party.run(json.loads(line)))
        done["peak_bytes"] = peak_bytes()
        print(json.dumps(done), flush=True)


if __name__ == "__main__":
    main()
