"""`atoll witness`: a witness of one's own, made, served, and looked at."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from atoll.cli.errors import BadArgument
from atoll.cli.files import read_bytes
from atoll.cli.frame import command, group
from atoll.cli.init import ensure_passphrase
from atoll.cli.reply import Fields, Reply, Rows, Shown
from atoll.cli.screen import say
from atoll.cli.words import iso
from atoll.ledger.tlog_policy import Policy, parse_policy
from atoll.ledger.vkey import encode_vkey
from atoll.ledger.witness import parse_add_checkpoint
from atoll.ports import SystemClock, SystemEntropy
from atoll.witness.errors import BadWitnessConfig
from atoll.witness.home import WitnessHome, create_witness, load_witness_config, load_witness_policies
from atoll.witness.store import WitnessStore

app = group("Witness logs: cosign their checkpoints, and keep what contradicts itself.")
HomeArgument = Annotated[Path, typer.Argument(metavar="HOME", help="Folder of the witness.")]


@command(
    app,
    "init",
    "atoll witness init north --name north.example/witness --trust consortium.trust",
    "atoll witness init north --name north.example/witness --listen 127.0.0.1:7500 --plain    # behind a proxy with TLS",
)
def init(
    home: HomeArgument,
    name: Annotated[str, typer.Option(help="Name of its key, a URL without scheme by custom.")],
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where logs submit their checkpoints.")] = "127.0.0.1:7500",
    trust: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Trust file or tlog-policy whose logs it cosigns for; repeat.")
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Plain HTTP, behind a proxy that terminates TLS.")] = False,
) -> Reply:
    """Make the home of a witness: key, certificate, settings, and the logs it cosigns for.

    Hand out the line that it prints: it goes into the policies of logs and of those who verify them.
    """
    place = WitnessHome(home)
    policies = [parse_policy(read_bytes(one)) for one in trust or ()]
    ensure_passphrase(place)
    try:
        key = create_witness(
            place, name=name, listen=listen, tls=not plain, policies=policies, clock=SystemClock(), entropy=SystemEntropy()
        )
    except BadWitnessConfig as err:  # what was typed, and no file: there is none yet
        raise BadArgument(what="a word of this command", reason=str(err.operands["reason"])) from err
    url = load_witness_config(place).url
    logs = _logs(load_witness_policies(place))
    line = f"witness {name} {encode_vkey(key)} {url}"
    value = {"home": str(home), "name": name, "vkey": encode_vkey(key), "url": url, "logs": logs}
    pairs = [
        ("home", str(home)),
        ("logs", ", ".join(logs) or f"none yet: put a trust file there: {place.policies}/NAME.policy"),
    ]
    return Reply(value, [Fields(pairs), "\nFor policies:\n  " + line])


@command(app, "serve", "atoll witness serve north")
def serve(home: HomeArgument) -> Reply:
    """Serve a witness until Ctrl-C. It answers nothing that is not on its disk."""
    from atoll.witness.server import serve_witness

    place = WitnessHome(home)
    config = load_witness_config(place)

    async def run() -> None:
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        try:
            await serve_witness(place, lambda url: say(f"{config.name} is ready at {url}; Ctrl-C ends it"))
        except asyncio.CancelledError:
            return

    asyncio.run(run())
    return Reply({"name": config.name, "url": config.url}, [f"{config.name} has ended"])


@command(app, "show", "atoll witness show north", "atoll witness show north --json > what-it-saw.json")
def show(home: HomeArgument) -> Reply:
    """What a witness has cosigned, and which logs have contradicted themselves, with both signatures.

    The exit status is not 0 if there is a contradiction. Works while the witness runs.
    """
    place = WitnessHome(home)
    config, policies = load_witness_config(place), load_witness_policies(place)
    store = WitnessStore(place.store, read_only=True, must_exist=True)
    try:
        logs, caught = store.logs(), store.contradictions()
    finally:
        store.close()
    value = {
        "name": config.name,
        "url": config.url,
        "vkey": place.vkey.read_text("utf-8").strip(),
        "logs": [
            {"origin": one.origin, "size": one.size, "root": one.root.hex(), "time": one.time, "note": one.note.decode()}
            for one in logs
        ],
        "contradictions": [
            {
                "origin": one.origin,
                "kind": one.kind,
                "time": one.time,
                "known": one.known.decode(),
                "shown": parse_add_checkpoint(one.request).note.encode().decode(),
                "request": one.request.decode(),
            }
            for one in caught
        ],
    }
    seen = {one.origin: one for one in logs}
    names = sorted(set(_logs(policies)) | set(seen))
    rows = [
        (name, str(seen[name].size), iso(seen[name].time), seen[name].root.hex()[:16])
        if name in seen
        else (name, "-", "-", "-")
        for name in names
    ]
    bad = [(one.origin, one.kind, iso(one.time)) for one in caught]
    shown: list[Shown] = [
        Fields([("witness", config.name), ("url", config.url)]),
        Rows(("log", "entries", "cosigned", "root"), rows, "no logs"),
    ]
    if not caught:
        return Reply(value, shown)
    shown.append(Rows(("log", "contradiction", "seen"), bad))
    return Reply(
        value,
        shown,
        exit_code=8,
        error=f"{len(caught)} contradiction{'s' if len(caught) > 1 else ''}.",
        hint="--json prints both signed checkpoints of each: give them to whoever relies on that log.",
    )


def _logs(policies: list[Policy]) -> list[str]:
    return list(dict.fromkeys(one.key.name for policy in policies for one in policy.logs))
