"""One warm node of MPyC and its array API, run by the peer's own interpreter: orders on standard input, one JSON line each."""

import json
import sys

import numpy as np
from clock import Watch, peak_bytes
from data import CASES

BITS = 64


def connect(rank: int, ports: list):
    """The runtime reads the command line when it is imported; it stays connected from order to order."""
    sys.argv = [sys.argv[0], "--no-log", "-I", str(rank), *(word for port in ports for word in ("-P", f"127.0.0.1:{port}"))]
    from mpyc.runtime import mpc

    mpc.run(mpc.start())
    return mpc


FUNCTIONS = {
    "less-than": lambda mpc, x, y: mpc.np_less(x, y),
    "multiply": lambda _, x, y: x * y,
    "sort": lambda mpc, x: mpc.np_sort(x),
    "rank": lambda mpc, x: mpc.np_sort(x),
}


async def measure(mpc, order: dict) -> dict:
    name = order["program"]
    case = CASES[name](order["rows"])
    number = mpc.SecInt(BITS)
    values = [mpc.input(number.array(value.astype(object)), senders=0) for value in case.inputs.values()]
    await mpc.gather(values)
    watch = Watch()
    for _ in range(order["laps"]):
        await mpc.barrier("lap")
        await mpc.output(number(1))
        watch.start()
        found = FUNCTIONS[name](mpc, *values)
        await mpc.gather(found)
        watch.stop()
    answer = await mpc.output(found)
    expected = case.outputs["out"] if name != "rank" else np.sort(case.inputs["x"])
    error = float(np.max(np.abs(np.asarray(answer, np.float64) - np.asarray(expected, np.float64))))
    return {**watch.to_map(), "error": error, "tls": "none"}


def main() -> None:
    print(json.dumps({"ready": True}), flush=True)
    mpc = None
    for line in sys.stdin:
        order = json.loads(line)
        mpc = mpc or connect(int(sys.argv[1]), order["dials"][int(sys.argv[1])])
        done = mpc.run(measure(mpc, order))
        done["peak_bytes"] = peak_bytes()
        print(json.dumps(done), flush=True)


main()
