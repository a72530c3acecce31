"""Programs, plans and runs of the job kind `computation`, for its tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from atoll import programs as mp
from atoll.jobs.computation import Bind, Computation, ComputationSpec, Owner, Receiver
from atoll.jobs.kind import Inputs, Outcome
from atoll.jobs.numbers import NumberColumn, Numbers
from atoll.jobs.secret import Grants
from atoll.ledger.plan import Limits, Plan
from atoll.programs.graph import Graph
from atoll.protocols.pump import pump
from atoll.protocols.role import Party

KIND = Computation()
GRANT = Grants(grant=b"\x61" * 16, version=3)
OWN = Grants(grant=b"", version=0)
COMPUTES = ("bank", "bureau", "telecom")


@mp.program(
    inputs={
        "income": mp.column("first", mp.int64(0, 1_000_000), rows="n", nullable=True),
        "other": mp.column("second", mp.int64(0, 1_000_000), rows="m", nullable=True),
    },
    outputs={"mean": "asker", "rows": ("asker", "watcher")},
)
def joint_mean(income: mp.SecretArray, other: mp.SecretArray) -> dict[str, mp.SecretArray]:
    """Of a column that two have parts of."""
    total = income.sum() + other.sum()
    rows = mp.count(income) + mp.count(other)
    return {"mean": total, "rows": rows}


@mp.program(
    inputs={
        "bill": mp.column("first", mp.fixed(0, 1000, fraction=16), rows="n"),
        "late": mp.column("second", mp.bool_, rows="n"),
    },
    outputs={"owed": "asker"},
)
def owed(bill: mp.SecretArray, late: mp.SecretArray) -> mp.SecretArray:
    """Vertical: rows of two tables stand beside each other."""
    return mp.where(late, bill, 0.0).sum()


def joint(rows: int = 16) -> Graph:
    return joint_mean.trace(n=rows, m=rows)


def vertical(rows: int = 16) -> Graph:
    return owed.trace(n=rows)


def spec_of(graph: Graph, **changes: Any) -> ComputationSpec:
    """The bureau and the telecom bring tables, the bank and, where the program has a second receiver, the auditor receive."""
    datasets = {"first": "bureau/files/1", "second": "telecom/lines/1"}
    columns = {
        one.name: tuple(f"{one.name}{at}" for at in range(one.kind.shape[1])) if len(one.kind.shape) > 1 else (one.name,)
        for one in graph.inputs
    }
    labels = list(dict.fromkeys(to for out in graph.outputs for to in out.receivers))
    orgs = {"asker": "bank", "watcher": "auditor"}
    fields: dict[str, Any] = {
        "graph": graph.encode(),
        "owners": tuple(
            Owner(
                label=label,
                dataset=datasets[label],
                binds=tuple(Bind(input=one.name, columns=columns[one.name]) for one in graph.inputs if one.owner == label),
                grants=(GRANT,) * len(labels),
            )
            for label in dict.fromkeys(one.owner for one in graph.inputs)
        ),
        "computes": COMPUTES,
        "receivers": tuple(Receiver(label=label, org=orgs[label]) for label in labels),
    }
    return ComputationSpec(**fields | changes)


def plan_of(spec: ComputationSpec, **changes: Any) -> Plan:
    fields = KIND.draft(spec).to_fields() | {
        "salt": bytes(32),
        "chain_id": "test.example/lagoon",
        "genesis_digest": bytes(32),
        "job_id": bytes(16),
        "purpose": "research",
        "limits": Limits(memory_bytes=2**30, traffic_bytes=2**26, attempts=1),
        "not_after": 0,
    }
    return Plan(**fields | changes)


def numbers(rows: int, **columns: Sequence[int | None]) -> Numbers:
    """A table of `rows` places, of whole numbers."""
    made = {}
    for name, cells in columns.items():
        padded = [*cells, *[None] * (rows - len(cells))]
        raw = np.array([0 if one is None else one for one in padded], np.int64)
        made[name] = NumberColumn(raw, np.array([one is not None for one in padded]))
    return Numbers(made, max(map(len, columns.values())))


def run(plan: Plan, graph: bytes, tables: Mapping[int, Numbers], *, seed: int = 0) -> dict[Party, Outcome]:
    """All places in one process."""
    places = [Party(one.role, one.index) for one in plan.parties]
    receivers = len(plan.outputs)

    def inputs(place: Party) -> Inputs:
        mine = (tables[place.index],) * receivers if place.role == "owner" else ()
        return Inputs(tables=mine, attached=graph)

    roles = {
        place: KIND.program(plan, place, inputs(place), seed=bytes([at + 1, seed]) * 16) for at, place in enumerate(places)
    }
    return dict(pump(roles).outputs)
