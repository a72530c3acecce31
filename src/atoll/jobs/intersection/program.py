"""The runs of a job at one place, one after another, as one role.

Each receiver leads a run against everybody else, under a context and a seed of its own. A checkpoint of the whole is the number
of the run, the result of this place's own run if that is over, and the run's own checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from atoll.jobs.closing import close_as_other, close_as_receiver
from atoll.jobs.errors import BadInputs, StateTooLarge
from atoll.jobs.intersection.protocols import PROTOCOLS
from atoll.jobs.intersection.protocols.adapter import Found, Run
from atoll.jobs.intersection.reading import spec_of
from atoll.jobs.intersection.results import Form, pack_table, to_result, unpack_table
from atoll.jobs.kind import Input, Inputs, Lasting, Outcome
from atoll.jobs.result import Result
from atoll.ledger.plan import Plan, PlanInput, plan_digest
from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.role import Checkpoint, Party, Role
from atoll.wire.cbor import decode, encode

SET_DOMAIN = b"ATOLL-V01-INTERSECTION-SET"
RUN_DOMAIN = b"ATOLL-V01-INTERSECTION-RUN"
MAX_STATE_BYTES = (1 << 31) - (1 << 20)
"""Longest checkpoint: AES-GCM, as it is offered, seals less than 2^31 bytes at once, and a journal has marks beside it."""
STATE_HEAD_BYTES = 64
"""More than the numbers and lengths in one take."""


def run_context(digest: bytes, run: int) -> bytes:
    """What binds a run's messages to the plan and to the receiver that leads it; 32 bytes."""
    return sha256(RUN_DOMAIN + digest + run.to_bytes(1, "big")).digest()


@dataclass(slots=True)
class _State:
    """How far this place is."""

    run: int = 0
    inner: bytes | None = field(default=None, repr=False)
    result: Result | None = None
    matched: int | None = None
    spoiled: int = 0

    def pack(self, inner: bytes) -> bytes:
        table = pack_table(self.result.table) if self.result is not None else None
        needed = len(inner) + len(table or b"") + STATE_HEAD_BYTES
        if needed > MAX_STATE_BYTES:
            raise StateTooLarge(needed=needed, limit=MAX_STATE_BYTES)
        return encode([self.run, inner, table, self.matched, self.spoiled], max_bytes=MAX_STATE_BYTES)

    @classmethod
    def unpack(cls, state: bytes | None) -> _State:
        if state is None:
            return cls()
        run, inner, table, matched, spoiled = decode(state, max_bytes=MAX_STATE_BYTES)
        return cls(run, inner, None if table is None else Result(unpack_table(table)), matched, spoiled)


def run_all(plan: Plan, me: Party, inputs: Inputs, *, seed: bytes, resume: bytes | None) -> Role[Outcome]:
    """Every run of the job at the place `me`, then the commitments. Arguments as `JobKind.program`."""
    seats = [Party(one.role, one.index) for one in plan.parties]
    receivers = [one for one in seats if one.role == "receiver"]
    if me not in seats or len(inputs.inputs) != len(receivers):
        raise BadInputs(reason=f"{me} brings {len(inputs.inputs)} inputs, {len(receivers)} are needed at a place of the plan")
    if me in receivers and inputs.inputs[me.index].table is None:
        raise BadInputs(reason="the receiver brings no columns")
    return _run_all(plan, me, inputs, seats, receivers, seed, resume)


def _run_all(
    plan: Plan, me: Party, inputs: Inputs, seats: list[Party], receivers: list[Party], seed: bytes, resume: bytes | None
) -> Role[Outcome]:
    at = _State.unpack(resume)
    for run in range(at.run, len(receivers)):
        at.run = run
        yield from _one_run(plan, _run(plan, me, seats, run, inputs.lasting, seed, at.inner), inputs.inputs[run], at)
        at.inner = None
    counts = {"own": inputs.inputs[0].items.rows}
    if at.result is None:
        return (yield from close_as_other(receivers=receivers, counts=counts))
    if at.matched is not None:
        counts["matched"] = at.matched
    if at.spoiled:
        counts["spoiled"] = at.spoiled
    others = [one for one in seats if one != me]
    return (yield from close_as_receiver(at.result, me, receivers=receivers, counts=counts, others=others, seed=seed))


def _one_run(plan: Plan, run: Run, mine: Input, at: _State) -> Role[None]:
    """A run with its checkpoints made those of the whole."""
    adapter = PROTOCOLS[plan.protocol]
    found: Found | None = None
    part: Role[Any] = adapter.lead(run, mine) if run.me == run.receiver else adapter.serve(run, mine)
    answer: Any = None
    try:
        while True:
            step = part.send(answer)
            answer = yield Checkpoint(at.pack(step.state)) if isinstance(step, Checkpoint) else step
    except StopIteration as end:
        found = end.value
    finally:
        part.close()
    if found is not None and run.me == run.receiver:
        assert mine.table is not None
        at.result = to_result(Form.of(plan, run.receiver), found, mine.table)
        at.matched = found.count if found.matches is None else found.matches.keys
        at.spoiled = found.spoiled


def _run(
    plan: Plan, me: Party, seats: list[Party], number: int, lasting: Lasting | None, seed: bytes, resume: bytes | None
) -> Run:
    spec = spec_of(plan)
    receiver = Party("receiver", number)
    lines = dict(zip(seats, plan.inputs[number * len(seats) : (number + 1) * len(seats)], strict=True))
    return Run(
        me=me,
        receiver=receiver,
        receiver_org=next(one.org for one in plan.parties if (one.role, one.index) == (receiver.role, receiver.index)),
        others=tuple(one for one in seats if one != receiver),
        rows_caps={at: line.rows_cap for at, line in lines.items()},
        output=spec.output,
        security=spec.security,
        beside=lines[me].beside,
        shown=tuple(name for at, line in lines.items() if at != receiver for name in line.beside),
        options=plan.program,
        set_digest=_set_digest(lasting, next(line for at, line in lines.items() if at != receiver)) if lasting else b"",
        lasting=lasting,
        context=run_context(plan_digest(plan), number),
        seed=SeededEntropy(seed).fork(f"intersection run {number}").bytes(32),
        resume=resume,
    )


def _set_digest(lasting: Lasting, line: PlanInput) -> bytes:
    """What stands for a set in every job on it: the registered version, and what its keys are made of."""
    return sha256(SET_DOMAIN + lasting.versions[line.dataset] + encode([list(line.key), list(line.normalisation)])).digest()
