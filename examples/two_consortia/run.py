"""One table, offered to two consortia: the first to register it is confirmed, the second is told who was first.

    .venv/bin/python examples/two_consortia/run.py

Two consortia of two organisations each, a witness of each that cosigns the other's log, one agreement between them: `atoll`
commands all the way. In earnest each home and each witness is at its organisation.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from atoll.api.models import RegisterDataset
from atoll.cli.main import main as atoll
from atoll.client import Node, connect_home
from atoll.errors import AtollError
from atoll.ledger.evidence import encode_trust_file
from atoll.ledger.genesis import verify_genesis
from atoll.ledger.tlog_policy import parse_policy
from atoll.ledger.vkey import encode_vkey
from atoll.testing.ports import Ports

OWNERS = {"east": "clinic", "west": "bank"}
"""The consortia, and who registers in each; each has an operator beside."""
INTERVAL, SKEW = 2, 1
"""Seconds: checkpoints here are cosigned afresh every two. Twenty and ten are the rule elsewhere."""
PATIENCE_SECONDS = 60.0
PROGRAM = "import sys; from atoll.cli.main import main; raise SystemExit(main(sys.argv[1:]))"
ATOLL = (sys.executable, "-c", PROGRAM)
"""What `atoll` is, wherever it is installed."""


def main() -> int:
    """Run the example; 0 if exactly one of two is confirmed, and what is new in either is registered."""
    os.environ["ATOLL_PASSPHRASE"] = "one for all, in an example only"  # noqa: S105
    with tempfile.TemporaryDirectory(prefix="two-consortia-") as name, ExitStack() as stack:
        folder = Path(name)
        ports = Ports()
        stack.callback(ports.release)
        addresses = {side: found_consortium(folder, side, ports) for side in OWNERS}
        witnesses = {side: make_witness(folder, side, ports.address()) for side in OWNERS}
        agree(folder, addresses, witnesses)
        stack.enter_context(running(folder))
        for side, owner in OWNERS.items():
            asked = atoll_("duplicate", "open", "--home", str(folder / side / "operator"))
            atoll_("consortium", "approve", str(asked["number"]), "--yes", "--home", str(folder / side / owner))
        write_table(folder / "west" / "bank", seed=1)
        write_table(folder / "east" / "clinic", seed=1)
        first = register(folder, "west", "patients")
        second = register(folder, "east", "copy")
        write_table(folder / "east" / "clinic", seed=2)
        third = register(folder, "east", "visits")
        print(f"\nwest: {first}\neast: {second}\neast, another table: {third}")
        show_proofs(folder, "east")
        return 0 if (first, second, third) == ("registered", "foreign.duplicate", "registered") else 1


def found_consortium(folder: Path, side: str, ports: Ports) -> str:
    """Two homes and the genesis that both sign; where the owner's node will answer."""
    listens = []
    for org in ("operator", OWNERS[side]):
        peer, https = ports.address(), ports.address()
        roles = ["--role", "operator"] if org == "operator" else ["--role", "owner", "--role", "user"]
        home = str(folder / side / org)
        atoll_("init", home, "--org", org, "--legal-id", f"{side}-{org}", *roles, "--peer", peer, "--https", https)
        listens.append(https)
    homes = [word for org in ("operator", OWNERS[side]) for word in ("--home", str(folder / side / org))]
    atoll_("consortium", "found", *homes, "--chain-id", f"{side}.example/bay", "--test")
    genesis, digest = verify_genesis((folder / side / "operator" / "genesis.atoll").read_bytes())
    (folder / f"{side}.trust").write_text(encode_trust_file(genesis, digest))
    return listens[1]


def make_witness(folder: Path, side: str, listen: str) -> str:
    """A witness that belongs to one consortium and cosigns the log of the other; its line for policies."""
    other = next(one for one in OWNERS if one != side)
    trust = folder / f"{other}.trust"
    home = folder / side / "witness"
    told = atoll_("witness", "init", str(home), "--name", f"{side}.example/witness", "--listen", listen, "--trust", str(trust))
    return f"witness {told['name']} {told['vkey']} {told['url']}"


def agree(folder: Path, addresses: dict[str, str], witnesses: dict[str, str]) -> None:
    """One key, one agreement, the same at both; and whom each asks for cosignatures on its own log."""
    key = folder / "consortia.key"
    key_id = atoll_("duplicate", "key", str(key))["key_id"]
    parts = [f'key-id = "{key_id}"\npolicy-age-seconds = 600\ninterval-seconds = {INTERVAL}\nskew-seconds = {SKEW}\n']
    for side in sorted(OWNERS):
        other = next(one for one in OWNERS if one != side)
        trust = parse_policy((folder / f"{side}.trust").read_bytes())
        members = [encode_vkey(one.key) for one in trust.witnesses]
        parts.append(
            f'[[consortium]]\norigin = "{side}.example/bay"\nurls = ["https://{addresses[side]}/tlog"]\n'
            f"logs = {json.dumps([encode_vkey(one.key) for one in trust.logs])}\n"
            f"members = {json.dumps(members)}\nmembers-quorum = {len(members)}\n"
            f"outsiders = {json.dumps([witnesses[other].split()[2]])}\noutsiders-quorum = 1\n"
        )
    for side in OWNERS:
        other = next(one for one in OWNERS if one != side)
        for org in ("operator", OWNERS[side]):
            home = folder / side / org
            (home / "consortia.toml").write_text("\n".join(parts))
            (home / "consortia.key").write_bytes(key.read_bytes())
            (home / "other.der").write_bytes((folder / other / OWNERS[other] / "tls.der").read_bytes())
            (home / "witness.der").write_bytes((folder / other / "witness" / "tls.der").read_bytes())
            name = witnesses[other].split()[1]
            (home / "witnesses.policy").write_text(f"{witnesses[other]}\nquorum {name}\n")
            settings = (
                (home / "atoll.toml")
                .read_text()
                .replace(
                    "[tlog]\n", '[tlog]\nwitnesses = "witnesses.policy"\ncertificates = ["witness.der"]\nevery-seconds = 1\n'
                )
            )
            settings += '\n[foreign]\nagreement = "consortia.toml"\nkey = "consortia.key"\ncertificates = ["other.der"]\n'
            (home / "atoll.toml").write_text(settings)


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """Four nodes and two witnesses, each a process of its own, until each log is published with the other's cosignature."""
    homes = [folder / side / org for side in OWNERS for org in ("operator", OWNERS[side])]
    with ExitStack() as stack:
        for side in OWNERS:
            witness = spawn("witness", "serve", str(folder / side / "witness"))
            stack.callback(witness.wait)
            stack.callback(witness.terminate)
        for home in homes:
            stack.callback(atoll_, "node", "stop", "--home", str(home))
        starting = [spawn("node", "start", "--detach", "--home", str(home)) for home in homes]
        if any(process.wait() for process in starting):
            raise SystemExit("a node did not start")
        for home in homes:
            with connect_home(home) as node:
                until(partial(is_ready, node))
        yield


def is_ready(node: Node) -> bool:
    """Whether a quorum stands for the ledger, and the other consortium's witness has cosigned it."""
    return all(one.ok for one in node.doctor() if one.check in ("ledger", "published log"))


def write_table(home: Path, *, seed: int) -> None:
    """A table of made-up rows."""
    draw = random.Random(seed)  # noqa: S311 - a table to try things on has no secrets
    rows = [f"{number},{draw.randrange(10_000)}" for number in range(500)]
    (home / "data" / "table.csv").write_text("\n".join(["number,value", *rows]) + "\n")


def register(folder: Path, side: str, name: str) -> str:
    """Register the table; `registered`, or the code of what is in the way."""
    began = time.monotonic()
    with connect_home(folder / side / OWNERS[side]) as node:
        try:
            node.datasets.register(RegisterDataset(name=name, path="table.csv", title=f"table of {side}"))
        except AtollError as err:
            print(f"\n{side}, after {time.monotonic() - began:.0f} s: {err}")
            return err.code
    print(f"\n{side}, after {time.monotonic() - began:.0f} s: registered {name}")
    return "registered"


def show_proofs(folder: Path, side: str) -> None:
    """What the second can show: that it was not first, to anybody who has the agreement."""
    home, out = folder / side / OWNERS[side], folder / "proofs"
    claims = atoll_("duplicate", "list", "--home", str(home))["claims"]
    lost = next(one for one in claims if one["state"] == "conflict")
    atoll_("duplicate", "show", lost["fingerprint"], "--out", str(out), "--home", str(home))
    other = f"{next(one for one in OWNERS if one != side)}.example/bay"
    words = ["duplicate", "verify", str(out / f"{other.replace('/', '_')}.bundle"), str(home / "consortia.toml")]
    told = atoll_(*words, "--of", other, "--fingerprint", lost["fingerprint"])
    print(f"\nproof of {other}: the content is {told['state']} there")


def atoll_(*words: str) -> dict[str, Any]:
    """One command of this process; what it says, as `--json` prints it."""
    print("$ atoll", " ".join(words))
    text, complaint = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(complaint):
        status = atoll([*words, "--json"])
    if status:
        raise SystemExit(f"{complaint.getvalue()}\natoll {' '.join(words[:3])} ended with status {status}")
    said = json.loads(text.getvalue() or "{}")
    return said if isinstance(said, dict) else {"claims": said}


def spawn(*words: str) -> subprocess.Popen[bytes]:
    """One command, in a process of its own."""
    quiet = subprocess.DEVNULL
    return subprocess.Popen([*ATOLL, *words], stdout=quiet, stderr=quiet)  # noqa: S603 - this very program


def until(holds: Callable[[], bool]) -> None:
    """Wait; what nodes tell each other takes a moment."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        try:
            if holds():
                return
        except AtollError:
            pass
        time.sleep(0.1)
    raise SystemExit("the nodes did not come to it in time")


if __name__ == "__main__":
    raise SystemExit(main())
