"""The table of operations of secret programs, written from their classes and what they say they cost.

python -m tools.docs_operations            # writes docs/reference/mpc-operations.md
python -m tools.docs_operations --check    # fails where the committed page says something else
"""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from typing import Any

from atoll import programs as mp
from atoll.programs import operations
from atoll.programs.graph import Step
from atoll.programs.operation import REGISTRY, Operation

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "mpc-operations.md"
ROWS = 1_000_000
TYPES = {
    "x": mp.int64(-(2**30), 2**30),
    "k": mp.int64(0, 1023),
    "p": mp.fixed(-64, 64, fraction=20),
    "q": mp.fixed(1, 64, fraction=20),
    "t": mp.bool_,
}
"""Columns of the examples: of a million rows each."""

EXAMPLES = {
    "verify_range": "x",
    "add": "x + k",
    "subtract": "x - k",
    "multiply": "x * k",
    "square": "x * x",
    "truncate": "p * q",
    "widen": "x + p",
    "scale": "0.1 * p",
    "as_integer": "t + 1",
    "less": "x < k",
    "equal": "x == k",
    "logical_and": "t & (x < 0)",
    "logical_xor": "t ^ (x < 0)",
    "logical_not": "~t",
    "select": "mp.where(t, x, k)",
    "variance": "p.var()",
    "covariance": "mp.cov(p, q)",
    "hide_nulls": "x.like(x.ref, t.ref)",
    "minimum": "mp.minimum(x, k)",
    "maximum": "mp.maximum(x, k)",
    "abs": "abs(x)",
    "sum": "x.sum()",
    "cumulative_sum": "x.cumulative_sum()",
    "vecdot": "(x * k).sum()",
    "sum_of_squares": "(k * k).sum()",
    "matmul": "k.reshape(1000, 1000) @ k.reshape(1000, 1000)",
    "reshape": "x.reshape(1000, 1000)",
    "broadcast_to": "x[:1] + k",
    "permute_dims": "x.reshape(1000, 1000).T",
    "slice": "x[::2]",
    "take": "x[[3, 1]]",
    "concat": "mp.concat([x, k])",
    "shuffle": "mp.shuffle(x, k)[0]",
    "sort_by": "mp.sort(x)",
    "order_of": "mp.order_of([x])",
    "divide": "p / (k + 1)",
    "sqrt": "mp.sqrt(abs(p))",
    "rsqrt": "mp.rsqrt(abs(p) + 1)",
    "exp": "mp.exp(p / 8)",
    "log": "mp.log(q)",
    "sigmoid": "mp.sigmoid(p)",
    "sum_of_squared_deviations": "mp.corr(p, q)",
    "sum_of_deviations": "mp.corr(p, q)",
    "correlate": "mp.corr(p, q)",
    "group_by_code": "mp.group_by_code(k, 1024, {'total': ('sum', x)}).columns['total']",
    "group_by_key": "mp.group_by([k], {'total': ('sum', x)}).columns['total']",
    "join": "mp.join([x], [q], left_on=[k], right_on=[k]).right[0]",
    "take_secret": "mp.take_secret(x, k)",
}
"""A use of each operation whose cost the table shows; an operation without one is listed without figures."""


_HEAD = """\
<!-- Written by tools/docs_operations.py from src/atoll/programs/operations; change it there. -->
# Operations of secret programs

What programs are made of once they are traced. `atoll program explain` lists those of a program with its own figures. Functions
that people call, as `mean` or `clip`, are made of them: they stand in [`atoll.programs`](../../src/atoll/programs/functions).
[How to write a program](../tutorial/write-your-first-secret-program.md);
[what three compute nodes can and cannot know](../explanation/what-honest-majority-means.md).

Rounds, and bytes that a node sends on average, are those of the example on columns of {rows:,} rows: `x` {x}; `k` {k}; `p` {p};
`q` {q}; `t` truth values. The first figure is semi-honest, the second malicious with abort, with what is
sent to prove products before openings on the way, without what is sent to prove the last ones later. Local operations send
nothing. *Off by* is what the operation itself adds to the error, in units of the last place; *tells the nodes* is what compute
nodes learn beyond shapes and types."""


def write_page() -> str:
    """The whole page."""
    lines = [_HEAD.format(rows=ROWS, **{name: str(dtype) for name, dtype in TYPES.items()})]
    for module in (importlib.import_module(f"{operations.__name__}.{name}") for name in sorted(operations.__all__)):
        own = [cls for cls in REGISTRY.values() if cls.__module__ == module.__name__]
        lines += ["", f"## {_title(module.__name__)}", "", _first_paragraph(inspect.getdoc(module) or ""), ""]
        lines += ["| operation | gives | example | rounds | bytes a node | off by | tells the nodes | source |"]
        lines += ["|---|---|---|---|---|---|---|---|"]
        lines += [_row(cls) for cls in own]
    return "\n".join(lines) + "\n"


def find_step(name: str) -> tuple[mp.Graph, Step] | None:
    """The operation as its example uses it."""
    if name not in EXAMPLES:
        return None
    checked = name == "verify_range"
    inputs = {key: mp.column("owner", dtype, rows=ROWS, checked=checked) for key, dtype in TYPES.items()}

    def example(**columns: mp.SecretArray) -> Any:
        return eval(EXAMPLES[name], {"mp": mp, **columns})

    graph = mp.Program(example, inputs, {"out": ("receiver",)}).trace()
    return graph, next(step for step in graph.steps if step.operation.NAME == name)  # noqa: SIM300


def _row(cls: type[Operation]) -> str:
    found = find_step(cls.NAME)
    example = rounds = sent = off = "-"
    if found is not None:
        graph, step = found
        kinds = graph.kinds(step.inputs)
        malicious = step.operation.cost(kinds, malicious=True)
        costs = [step.operation.cost(kinds), malicious + malicious.proofs()]
        example = f"`{EXAMPLES[cls.NAME].replace('mp.', '')}`"
        rounds = "local" if not costs[0].rounds else " / ".join(str(cost.rounds) for cost in costs)
        sent = "" if not costs[0].rounds else " / ".join(_size(sum(cost.sent) / 3) for cost in costs)
        added = step.kinds[0].error - max((kind.error for kind in kinds), default=0)
        off = f"{float(added / step.kinds[0].dtype.unit):.1f}" if added > 0 else "0"
    gives = _first_paragraph(inspect.getdoc(cls) or "").removesuffix(".")
    return f"| `{cls.NAME}` | {gives} | {example} | {rounds} | {sent} | {off} | {cls.LEAKAGE} | {cls.SOURCE or '-'} |"


def _title(module: str) -> str:
    return module.rpartition(".")[2].capitalize()


def _first_paragraph(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split()).replace("|", "\\|")


def _size(count: float) -> str:
    return f"{count / 1e6:.3g} MB" if count >= 1e5 else f"{count:.0f} B"


def main(arguments: list[str]) -> int:
    page = write_page()
    if "--check" in arguments:
        return int(PAGE.read_text("utf-8") != page)
    PAGE.write_text(page, "utf-8")
    print(f"{len(REGISTRY)} operations in {PAGE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
