"""One warm party of `openmined-psi`, run by the peer's own interpreter; it has no network, so a socket carries its bytes."""

import csv
import json
import resource
import socket
import sys
import time
from pathlib import Path

import private_set_intersection.python as psi

FALSE_POSITIVES = 2.0**-40


def used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def send(link: socket.socket, message) -> None:
    data = message.SerializeToString()
    link.sendall(len(data).to_bytes(8, "big") + data)


def receive(link: socket.socket, kind):
    message = kind()
    message.ParseFromString(exactly(link, int.from_bytes(exactly(link, 8), "big")))
    return message


def exactly(link: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        data += link.recv(min(1 << 20, length - len(data)))
    return bytes(data)


def meet(rank: int, port: int) -> socket.socket:
    if rank == 1:
        with socket.create_server(("127.0.0.1", port)) as server:
            return server.accept()[0]
    for _ in range(1000):
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            time.sleep(0.01)
    raise SystemExit("the other party did not come")


def run(rank: int, order: dict) -> dict:
    link = meet(rank, order["ports"][0])
    before, began = used(), time.perf_counter()
    with Path(order["in"]).open(newline="") as file:
        items = [row["id"] for row in csv.DictReader(file)]
    if rank == 0:
        client = psi.client.CreateWithNewKey(True)
        send(link, client.CreateRequest(items))
        link.sendall(len(items).to_bytes(8, "big"))
        setup = receive(link, psi.ServerSetup)
        matched = client.GetIntersection(setup, receive(link, psi.Response))
        with Path(order["out"]).open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id"])
            writer.writerows([items[index]] for index in matched)
        count = len(matched)
    else:
        server = psi.server.CreateWithNewKey(True)
        request = receive(link, psi.Request)
        asked = int.from_bytes(exactly(link, 8), "big")
        send(link, server.CreateSetupMessage(FALSE_POSITIVES, asked, items, psi.DataStructure.GCS))
        send(link, server.ProcessRequest(request))
        count = -1
    seconds = time.perf_counter() - began
    link.close()
    return {"seconds": seconds, "cpu_seconds": used() - before, "matched": count}


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
