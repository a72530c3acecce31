"""`atoll evidence judge`: what compute nodes signed of a computation that ended early, put side by side by anybody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from atoll.cli.errors import BadArgument
from atoll.cli.files import read_text
from atoll.cli.reply import Fields, Reply, Rows, Shown
from atoll.cli.words import listed
from atoll.errors import AtollError
from atoll.wire.message import parse_message

if TYPE_CHECKING:
    from atoll.protocols.mpc.claims import Contradiction, Deposition

PLAN_BYTES = 32


def judge(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="From `job show --json`, of one node or more.")],
    identity: Annotated[
        list[str],
        typer.Option(
            metavar="ORG=HEX",
            help="Identity public key of a compute node's organisation, by another way; repeat, also for a former key.",
        ),
    ],
) -> Reply:
    """Verify what the compute nodes of a failed job signed, and tell which of their words cannot both be true.

    Needs no home, no node and no network. Two words of one signer on the same prove that it is at fault. Where two nodes
    contradict each other, one of them signed something false, and which one is not shown. Compare the plan's digest with that
    of the job on the ledger.
    """
    from atoll.protocols.mpc.claims import judge as compare  # the engine: few commands need it

    keys: dict[str, list[bytes]] = {}
    for org, public in map(_key, identity):
        keys.setdefault(org, []).append(public)
    found = [_load(path) for path in files]
    context = found[0].claims[0].claim.context
    orgs = {one.key.place: one.org for deposition in found for one in deposition.keys}
    if any(orgs[one.key.place] != one.org for deposition in found for one in deposition.keys):
        raise BadArgument(what="these files", reason="they name different organisations at one place")
    missing = sorted(set(orgs.values()) - set(keys))
    if missing:
        raise BadArgument(what="these identities", reason=f"none of {listed(missing)} is among them")
    contradictions = compare(found, {place: tuple(keys[org]) for place, org in orgs.items()}, context=context)
    return _answer(context, orgs, found, contradictions)


def _key(said: str) -> tuple[str, bytes]:
    org, _, public = said.partition("=")
    try:
        return org, bytes.fromhex(public)
    except ValueError as err:
        raise BadArgument(what=said, reason="it is not ORG=HEX") from err


def _load(path: Path) -> Deposition:
    from atoll.protocols.mpc.claims import Deposition

    try:
        shown = json.loads(read_text(path))
        found = parse_message(bytes.fromhex(shown["deposition"]["encoded"]), Deposition)
    except (ValueError, KeyError, TypeError) as err:
        raise BadArgument(what=str(path), reason="it holds no deposition; `atoll job show JOB --json` writes it") from err
    except AtollError as err:
        raise BadArgument(what=str(path), reason=str(err).rstrip(".")) from err
    if not found.claims:
        raise BadArgument(what=str(path), reason="it holds no claim")
    return found


def _answer(context: bytes, orgs: dict[int, str], found: list[Deposition], contradictions: list[Contradiction]) -> Reply:
    rows = [_row(orgs, one) for one in contradictions]
    proved = sorted({orgs[place] for one in contradictions if len(one.pair) == 1 for place in one.pair})
    witnesses = [orgs[one.witness] for one in found]
    value = {
        "plan": context[:PLAN_BYTES].hex(),
        "witnesses": witnesses,
        "contradictions": [{"what": what, "by": by, "said": said, "round": at} for what, by, said, at in rows],
        "proved_against": proved,
    }
    last = max(one.claim.round for deposition in found for one in deposition.claims)
    nothing = f"no contradiction up to round {last}; of what was said later these claims show nothing"
    shown: list[Shown] = [
        Fields([("plan", context[:PLAN_BYTES].hex()), ("shown by", listed(witnesses)), ("proved against", listed(proved))]),
        "",
        Rows(("what", "by", "on what was said from", "round"), rows, nothing),
    ]
    return Reply(value, shown)


def _row(orgs: dict[int, str], one: Contradiction) -> tuple[str, str, str, str]:
    claims = one.first.claim, one.second.claim
    said = dict.fromkeys(f"{orgs[claim.sender]} to {orgs[claim.receiver]}" for claim in claims)
    return one.fault, listed([orgs[place] for place in one.pair]), listed(list(said)), str(claims[0].round)
