"""One warm node of the `spu` wheel's ABY3, run by the peer's own interpreter: orders on standard input, one JSON line each."""

import json
import os
import pickle
import sys
import time

os.environ.update(JAX_PLATFORMS="cpu", JAX_ENABLE_X64="1")

import jax
import jax.numpy as jnp
import numpy as np
import spu.libspu as libspu
from clock import Watch, peak_bytes
from data import CASES
from spu.api import Io, Runtime
from spu.utils import frontend

NODES = 3
FRACTION_BITS = 18
"""The wheel's own default."""


def mean(values):
    """In two steps: with 18 bits, one in a million would be nothing."""
    step = 1 / values.shape[0] ** 0.5
    return jnp.sum(values) * step * step


def correlation(x, y):
    x, y = x - mean(x), y - mean(y)
    return mean(x * y) / (jnp.sqrt(mean(x * x)) * jnp.sqrt(mean(y * y)))


def variance(x):
    centred = x - mean(x)
    return mean(centred * centred)


def mlp(x, a, b, c):
    return jax.nn.relu(jax.nn.relu(x @ a) @ b) @ c


def places(x):
    """The place of each bid, highest first: sorted with the bidders' numbers, and back."""
    _, order = jax.lax.sort((-x, jnp.arange(x.shape[0])), num_keys=1)
    _, place = jax.lax.sort((order, jnp.arange(x.shape[0])), num_keys=1)
    return place


FUNCTIONS = {
    "less-than": lambda x, y: x < y,
    "multiply": lambda x, y: x * y,
    "sort": jnp.sort,
    "correlation": correlation,
    "variance": variance,
    "logistic": lambda x, weights: jax.nn.sigmoid(x @ weights),
    "mlp": mlp,
    "rank": jnp.sort,
}
"""`rank` is sorting alone, which is the least that it takes."""


def link(rank: int, order: dict) -> "libspu.link.Context":
    desc = libspu.link.Desc()
    desc.recv_timeout_ms = 600_000
    for index, port in enumerate(order["dials"][rank]):
        desc.add_party(f"node{index}", f"127.0.0.1:{port}")
    return libspu.link.create_brpc(desc, rank)


def deal(context, rank: int, case, config) -> list:
    """Node 0 makes the shares and hands them out; none of it is timed."""
    if rank:
        return pickle.loads(context.recv(0))
    io = Io(NODES, config)
    shares = [io.make_shares(value, libspu.Visibility.VIS_SECRET) for value in case.inputs.values()]
    for other in range(1, NODES):
        context.send(other, pickle.dumps([(one[other].meta, one[other].share_chunks) for one in shares]))
    return [(one[0].meta, one[0].share_chunks) for one in shares]


def to_share(parts):
    share = libspu.Share()
    share.meta, share.share_chunks = parts
    return share


def collect(context, rank: int, config, share):
    """The output in the clear at node 0; not timed either."""
    if rank:
        context.send(0, pickle.dumps((share.meta, share.share_chunks)))
        return None
    others = [to_share(pickle.loads(context.recv(other))) for other in range(1, NODES)]
    return Io(NODES, config).reconstruct([share, *others])


def compile_for(name: str, case):
    visibilities = [libspu.Visibility.VIS_SECRET] * len(case.inputs)
    names = list(case.inputs)
    return frontend.compile(
        frontend.Kind.JAX, FUNCTIONS[name], list(case.inputs.values()), {}, names, visibilities, lambda _: ["out"]
    )[0]


def run(rank: int, order: dict) -> dict:
    name = order["program"]
    case = CASES[name](order["rows"])
    config = libspu.RuntimeConfig(
        protocol=libspu.ProtocolKind.ABY3, field=libspu.FieldType.FM64, fxp_fraction_bits=FRACTION_BITS
    )
    executable = compile_for(name, case)
    context = link(rank, order)
    runtime = Runtime(context, config)
    for variable, parts in zip(executable.input_names, deal(context, rank, case, config), strict=True):
        runtime.set_var(variable, to_share(parts))
    watch = Watch()
    for _ in range(order["laps"]):
        context.barrier()
        time.sleep(0.05)
        watch.start()
        runtime.run(executable)
        watch.stop()
    found = collect(context, rank, config, runtime.get_var(executable.output_names[0]))
    context.barrier()
    context.stop_link()
    expected = case.outputs["out"] if name != "rank" else np.sort(case.inputs["x"])
    error = float(np.max(np.abs(np.asarray(found, np.float64) - np.asarray(expected, np.float64)))) if rank == 0 else 0.0
    return {**watch.to_map(), "error": error, "tls": "none"}


def main() -> None:
    rank = int(sys.argv[1])
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        done = run(rank, json.loads(line))
        done["peak_bytes"] = peak_bytes()
        print(json.dumps(done), flush=True)


main()
