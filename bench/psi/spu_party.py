"""One warm party of the `spu` wheel, run by the peer's own interpreter: orders come on standard input, one JSON line each."""

import json
import resource
import sys
import time
from pathlib import Path

import spu.libspu as libspu
import spu.psi as psi


def used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def link(rank: int, ports: list) -> "libspu.link.Context":
    desc = libspu.link.Desc()
    desc.recv_timeout_ms = 300_000
    for index, port in enumerate(ports):
        desc.add_party(f"party{index}", f"127.0.0.1:{port}")
    return libspu.link.create_brpc(desc, rank)


def run(rank: int, order: dict) -> dict:
    ecdh = psi.EcdhParams(curve=psi.EllipticCurveType.CURVE_25519)
    low = order["protocol"] == "RR22_LOW"
    protocol = "RR22" if low else order["protocol"]
    config = psi.PsiExecuteConfig(
        protocol_conf=psi.PsiProtocolConfig(
            protocol=psi.parse_protocol(f"PROTOCOL_{protocol}"),
            receiver_rank=0,
            ecdh_params=ecdh,
            rr22_params=psi.Rr22Rarams(low_comm_mode=low),
        ),
        input_params=psi.InputParams(path=order["in"], selected_keys=["id"], keys_unique=True),
        output_params=psi.OutputParams(path=order["out"], disable_alignment=True),
    )
    context = link(rank, order["ports"])
    before, began = used(), time.perf_counter()
    report = psi.psi_execute(config, context)
    seconds = time.perf_counter() - began
    context.stop_link()
    return {"seconds": seconds, "cpu_seconds": used() - before, "matched": report.intersection_count}


def peak_bytes():
    """Largest resident set so far. Not `ru_maxrss`, which a process takes over from the one that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def main() -> None:
    rank = int(sys.argv[1])
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        done = run(rank, json.loads(line))
        done["peak_bytes"] = peak_bytes()
        print(json.dumps(done), flush=True)


main()
