"""What a job's process does: read this party's inputs once, run its roles over a network, seal the outcome.

It is handed its network and its way to speak, so the same lines run in a child process over TLS and in a simulated world over
memory.
"""

from __future__ import annotations

import asyncio
import logging
import resource
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atoll.errors import AtollError
from atoll.jobs.errors import BadResult
from atoll.jobs.kind import Brings, Input, Inputs, Lasting, Outcome
from atoll.jobs.numbers import Numbers, parse_number_rule
from atoll.jobs.registry import job_kind
from atoll.ledger.plan import Plan, PlanInput, digest_plan_body
from atoll.node.errors import MemoryExceeded, NodeFault
from atoll.node.journal import DiskJournal
from atoll.node.order import COMPUTE_ROLE, LocalInput, WitnessOrder, WorkerOrder
from atoll.node.read_before import CountedItems, ReadBefore
from atoll.ports import Entropy
from atoll.protocols.identifiers import Report as SpellingReport
from atoll.protocols.identifiers import TooManyIdentifiers, parse_rule
from atoll.protocols.psi.items import Items
from atoll.protocols.role import Party, Progress
from atoll.sources import SourceRoot, SourceRows, open_items, open_source, parse_fingerprint
from atoll.sources.prints import Registered, open_sample
from atoll.storage.sealed import Sealer
from atoll.storage.tables import SealedTables
from atoll.transport.errors import JobAborted, JobStopped
from atoll.transport.faults import describe_fault, public_code, public_sentence
from atoll.transport.meeting import Meeting
from atoll.transport.options import RunOptions
from atoll.transport.runner import Report, run_role
from atoll.transport.sealing import JobKeys, Member
from atoll.transport.session import Network
from atoll.trust.keys import Purpose, SecretKey
from atoll.wire.message import encode_message, parse_message

if TYPE_CHECKING:  # processes of jobs without compute nodes do not load the engine
    from atoll.protocols.mpc.witness import Witness

log = logging.getLogger("atoll.execution")

PROGRESS_SECONDS = 0.2
KEYS_SHARE = 4
"""Part of the job's memory that the keys of an input may take before they go to disk."""
NODES = 3
CELLS_SHARE = 8
"""Part of it for the columns that a result is taken from."""

Tell = Callable[[dict[str, Any]], None]
"""Says one event to the node: codes, counts and times, never rows."""


class Execution:
    """One life of one job at one party."""

    def __init__(self, order: WorkerOrder, *, network: Network, tell: Tell, entropy: Entropy, threads: bool = True) -> None:
        self._order = order
        self._network = network
        self._tell = tell
        self._entropy = entropy
        self._threads = threads
        self._plan = parse_message(order.plan, Plan)
        self._witness: Witness | None = None
        self._stopped_by: JobAborted | None = None

    async def run_to_status(self) -> int:
        """As `run`, but a failure is told to the node by its code; 0 if all is well, else 1."""
        try:
            await self.run()
        except JobAborted as err:
            self._tell({"event": "failed", "code": err.remote_code} | self._shown(err))
        except AtollError as err:
            code = MemoryExceeded.code if isinstance(err.__cause__, MemoryError) else err.code
            self._tell({"event": "failed", "code": code} | self._shown(err))
        except MemoryError:
            self._tell({"event": "failed", "code": MemoryExceeded.code})
        except Exception as err:  # noqa: BLE001 - the outermost loop of this process; unheard, the node would begin again
            log.error("the job failed: %s", describe_fault(err))  # noqa: TRY400 - the trace holds the message, and that a row
            self._tell({"event": "failed", "code": NodeFault.code})
        else:
            return 0
        return 1

    async def run(self) -> None:
        """Read the inputs, then run every place this organisation has in the plan.

        Raises:
            AtollError: the first thing that went wrong at any of them.
        """
        deadline = asyncio.get_running_loop().time() + self._order.seconds_left
        places = [Party(one.role, one.index) for one in self._plan.parties if one.org == self._order.org]
        self._sweep()
        with ExitStack() as kept:
            self._tell({"event": "phase", "phase": "reading inputs"})
            inputs = {place: await self._in_thread(self._read_inputs, place, kept) for place in places}
            self._tell({"event": "phase", "phase": "running"})
            try:
                async with asyncio.TaskGroup() as group:
                    runs = [group.create_task(self._run_place(place, inputs[place], deadline)) for place in places]
            except BaseExceptionGroup as failed:
                first = failed.exceptions[0]
                raise first from first.__cause__  # not from the group: where memory ran out, the cause says so
        self._tell_done([run.result() for run in runs])

    async def _in_thread(self, work: Callable[[Party, ExitStack], Inputs], place: Party, kept: ExitStack) -> Inputs:
        return await asyncio.to_thread(work, place, kept) if self._threads else work(place, kept)

    async def _run_place(self, place: Party, inputs: Inputs, deadline: float) -> Report[Outcome]:
        """One role generator, from meeting the others to the sealed outcome."""
        order, plan = self._order, self._plan
        kind = job_kind(plan.kind)
        name = f"{order.attempt}-{place.role}-{place.index}"
        journal = DiskJournal(Path(order.journal), name=name, sealer=Sealer(order.journal_key, self._entropy))
        if place.role == COMPUTE_ROLE and order.witness is not None:
            inputs = replace(inputs, witness=self._make_witness(place.index, order.witness))
        meeting = Meeting(self._network, self._keys(place), org=order.org)
        await meeting.start()
        try:
            return await run_role(
                lambda seed, resume: kind.program(plan, place, inputs, seed=seed, resume=resume),
                me=place,
                peers=meeting.openers(),
                journal=journal,
                deadline=deadline,
                entropy=self._entropy,
                options=RunOptions(
                    on_progress=self._throttled(),
                    traffic_bytes=order.traffic_bytes,
                    threads=self._threads,
                    resumable=kind.resumable,
                    digested=kind.resumable,
                    why_stopped=lambda: self._stopped_by or JobStopped(),
                ),
            )
        except AtollError as err:  # before the group stops the other places: what they say may arrive first
            self._stopped_by = self._stopped_by or _in_its_name(place, err)
            raise
        finally:
            await meeting.close()

    def _tell_done(self, reports: list[Report[Outcome]]) -> None:
        """All places of this organisation have ended; they must have agreed on one result."""
        commitments = {report.output.result_commitment for report in reports}
        if len(commitments) != 1:
            raise BadResult(reason="two places of one organisation ended with different commitments")
        self._tell(
            {
                "event": "done",
                "commitment": commitments.pop().hex(),
                "sent": sum(report.sent_bytes for report in reports),
                "received": sum(report.received_bytes for report in reports),
                "seconds": max(report.seconds for report in reports),
                "reconnects": sum(report.reconnects for report in reports),
                "unopened": sorted({org for report in reports for org in report.output.unopened}),
                "spoiled": sum(report.output.counts.get("spoiled", 0) for report in reports),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )

    def _make_witness(self, place: int, given: WitnessOrder) -> Witness:
        """What signs for this organisation's compute node."""
        from atoll.protocols.mpc.claims import PlaceKey, SignedKey, attempt_context
        from atoll.protocols.mpc.witness import Witness

        order = self._order
        orgs = {one.index: one.org for one in self._plan.parties if one.role == COMPUTE_ROLE}
        by_org = {one.org: one.identities for one in order.peers}
        secret = SecretKey(Purpose.IDENTITY, given.seed)
        context = attempt_context(digest_plan_body(order.plan), order.attempt)
        key = PlaceKey(context=context, place=place, public=secret.public.data)
        signed = SignedKey(org=order.org, key=key, signature=given.signature)
        identities = {index: by_org.get(org, ()) for index, org in orgs.items()}
        self._witness = Witness(signed, secret.sign, orgs, identities)
        return self._witness

    def _shown(self, err: AtollError) -> dict[str, Any]:
        """What the compute nodes signed of what they said, where they did, and between which of them the failure lies."""
        if self._witness is None or not self._witness.has_claims:
            return {}
        return {"deposition": encode_message(self._witness.depose()).hex(), "between": find_pair(err, self._witness.me)}

    def _keys(self, place: Party) -> JobKeys:
        by_org = {one.org: one for one in self._order.peers}
        others = [one for one in self._plan.parties if Party(one.role, one.index) != place]
        return JobKeys(
            plan_digest=digest_plan_body(self._order.plan),
            attempt=self._order.attempt,
            me=place,
            secret=self._order.job_key,
            members={Party(one.role, one.index): Member(org=one.org, public=by_org[one.org].job_key) for one in others},
        )

    def _throttled(self) -> Callable[[Progress, int, int], None]:
        """Passes progress on, a few times a second."""
        last = 0.0

        def pass_on(progress: Progress, sent: int, received: int) -> None:
            nonlocal last
            now = asyncio.get_running_loop().time()
            if now - last >= PROGRESS_SECONDS or progress.done == progress.total:
                last = now
                far = {"done": progress.done, "total": progress.total, "unit": progress.unit}
                self._tell({"event": "progress", **far, "sent": sent, "received": received})

        return pass_on

    def _read_inputs(self, place: Party, kept: ExitStack) -> Inputs:
        """This place's inputs, read once and normalised as the plan says; `kept` closes what they hold open.

        Raises:
            SourceChanged: a source is not what was registered.
        """
        local = {one.dataset: one for one in self._order.inputs}
        if job_kind(self._plan.kind).brings is Brings.PRINTS:
            mine = [one for one in self._plan.inputs if (one.role, one.index) == (place.role, place.index)]
            return Inputs(tuple(self._read_print(one, local[one.dataset], kept) for one in mine))
        if job_kind(self._plan.kind).brings is Brings.BIDS:
            shares = self._order.shares if place.role == "owner" else ()
            return Inputs(bids=self._order.bids, shares=shares, attempt=self._order.attempt)
        planned = [one for one in self._plan.inputs if (one.role, one.index) == (place.role, place.index)]
        if job_kind(self._plan.kind).brings is Brings.NUMBERS:
            return Inputs(tables=self._read_numbers(planned, local), attached=self._order.attached, attempt=self._order.attempt)
        lasting = self._lasting()
        if lasting is not None and not any(map(_uses_cells, planned)):
            return Inputs(tuple(self._read_once(one, local[one.dataset], lasting, kept) for one in planned), lasting)
        opened: dict[str, SourceRows] = {}
        for one in planned:
            if one.dataset not in opened:
                opened[one.dataset] = kept.enter_context(self._open(local[one.dataset]))
        for dataset, rows in opened.items():
            uses = [one.columns for one in planned if one.dataset == dataset and _uses_cells(one)]
            if uses:
                rows.keep(list(dict.fromkeys(chain.from_iterable(uses))))
        return Inputs(tuple(self._read(one, opened[one.dataset], kept) for one in planned), lasting)

    def _read_numbers(self, planned: list[PlanInput], local: dict[str, LocalInput]) -> tuple[Numbers, ...]:
        """The columns of a place as numbers, one table a line; lines that read the same share one."""
        from atoll.jobs.cells import read_columns  # Arrow's compute functions: other jobs do not wait for them

        read: dict[tuple[object, ...], Numbers] = {}
        for one in planned:
            key = (one.dataset, one.columns, one.normalisation, one.rows_cap)
            if key in read:
                continue
            with self._open(local[one.dataset]) as rows:
                rules = {name: parse_number_rule(rule) for name, rule in zip(one.columns, one.normalisation, strict=True)}
                columns = read_columns(rules, one.rows_cap, rows.batches(one.columns))
                read[key] = Numbers(columns, rows=len(rows))
            self._tell({"event": "input", "dataset": one.dataset, "rows": read[key].rows})
        return tuple(read[one.dataset, one.columns, one.normalisation, one.rows_cap] for one in planned)

    def _read_print(self, planned: PlanInput, local: LocalInput, kept: ExitStack) -> Input:
        """What the plan compares of a fingerprint that was kept at registration: rows that its digest chooses."""
        items = open_sample(
            Path(local.prints),
            Registered(local.dataset, parse_fingerprint(local.fingerprint), local.rows_at_most),
            seed=digest_plan_body(self._order.plan),
            scale=int(self._plan.program["scale"]),
            max_rows=planned.rows_cap,
            scratch=Path(self._order.journal),
            memory_bytes=self._order.memory_bytes // KEYS_SHARE,
        )
        self._tell({"event": "input", "dataset": planned.dataset, "rows": items.rows})
        return Input(kept.enter_context(items))

    def _lasting(self) -> Lasting | None:
        """What this organisation keeps from job to job, where the order says so."""
        order = self._order.lasting
        if order is None:
            return None
        tables = SealedTables(Path(order.folder), Sealer(order.key, self._entropy))
        return Lasting(tables, order.secret, {one.dataset: one.commitment for one in order.versions})

    def _root(self) -> SourceRoot:
        return SourceRoot(Path(one) for one in self._order.folders)

    def _open(self, local: LocalInput) -> SourceRows:
        source = open_source(
            local.address,
            root=self._root(),
            scratch=Path(self._order.journal),
            registered=parse_fingerprint(local.fingerprint),
        )
        return SourceRows(source, memory_bytes=self._order.memory_bytes // CELLS_SHARE)

    def _read(self, planned: PlanInput, rows: SourceRows, kept: ExitStack) -> Input:
        """One input: its keys as a set, and its cells where the plan lets this place use them."""
        items = kept.enter_context(
            open_items(
                rows,
                planned.key,
                [parse_rule(one) for one in planned.normalisation],
                report=SpellingReport(),
                scratch=Path(self._order.journal),
                max_rows=planned.rows_cap,
                memory_bytes=self._order.memory_bytes // KEYS_SHARE,
            )
        )
        self._tell({"event": "input", "dataset": planned.dataset, "rows": items.rows})
        return Input(items, rows if _uses_cells(planned) else None)

    def _read_once(self, planned: PlanInput, local: LocalInput, lasting: Lasting, kept: ExitStack) -> Input:
        """An input whose keys alone are used, for a protocol that keeps what it makes of them: not read again while its source
        stands as it was read before, unless the protocol has nothing left of it.

        Raises:
            TooManyIdentifiers: it had more rows than the plan allows.
        """

        def read() -> Items:
            return self._read(planned, kept.enter_context(self._open(local)), kept).items

        before = ReadBefore(planned, local, lasting=lasting, root=self._root())
        rows = before.find_rows()
        if rows is None:
            items = read()
            before.keep(items.rows)
            return Input(items)
        if rows > planned.rows_cap:
            raise TooManyIdentifiers(limit=planned.rows_cap)
        self._tell({"event": "input", "dataset": planned.dataset, "rows": rows})
        return Input(CountedItems(rows, read))

    def _sweep(self) -> None:
        """Delete the copies of inputs that a killed life of this job left."""
        for left in Path(self._order.journal).glob("snapshot-*"):
            left.unlink()


def _uses_cells(planned: PlanInput) -> bool:
    """Whether a place needs more of its table than the keys."""
    return planned.role == "receiver" or bool(planned.beside)


def _in_its_name(place: Party, err: AtollError) -> JobAborted:
    """How one place of this organisation failed, as its other places pass it on."""
    if isinstance(err, JobAborted):
        return err
    return JobAborted(party=str(place), remote_code=public_code(err), remote_sentence=public_sentence(err))


def find_pair(err: AtollError, me: int) -> list[int]:
    """Between which compute nodes an error lies, as node `me` met it; none where another one met it, or nobody is named."""
    if isinstance(err, JobAborted):
        return []
    said = err.operands
    accused = said.get("prover") or said.get("party")
    named = {accused, f"{COMPUTE_ROLE}/{me}"} if accused else {said.get("first"), said.get("second")}
    found = [index for index in range(NODES) if f"{COMPUTE_ROLE}/{index}" in named]
    return found if len(found) > 1 else []
