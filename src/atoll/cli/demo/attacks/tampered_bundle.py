"""A tampered bundle: one byte of the evidence is flipped, anywhere."""

from __future__ import annotations

from itertools import accumulate

from atoll.cli.demo.exchange import Exchange
from atoll.cli.demo.findings import Attack
from atoll.cli.demo.proof import trust_file, verify_elsewhere
from atoll.cli.demo.stage import Stage
from atoll.ledger.evidence.bundle import parse_bundle
from atoll.ledger.evidence.errors import EvidenceError

NAME = "tampered_bundle"
TITLE = "One byte of the evidence is flipped"
MORE_TRIES = 200


def run(stage: Stage, exchange: Exchange) -> Attack:
    """Flip a byte, verify elsewhere; then flip others here. Each time the entry that holds the byte must be named."""
    good = exchange.evidence()
    place = stage.chance.randrange(len(good))
    with stage.screen.step("flip one byte of the bundle and verify it in a fresh process"):
        verdict = verify_elsewhere(flip(good, place, stage.chance.randrange(1, 256)), trust_file(stage))
    holder = holder_of(good, place)
    named = not verdict.verified and verdict.entry == holder
    with stage.screen.step(f"flip {MORE_TRIES} others, each alone"):
        places = [stage.chance.randrange(len(good)) for _ in range(MORE_TRIES)]
        others = sum(found_in(flip(good, one, stage.chance.randrange(1, 256))) == holder_of(good, one) for one in places)
    return Attack(
        name=NAME,
        caught=named and others == MORE_TRIES,
        code=verdict.code,
        seen=f"byte {place}: {verdict.sentence} {others} of {MORE_TRIES} others named exactly",
    )


def flip(data: bytes, place: int, mask: int) -> bytes:
    """`data` with one byte changed; `mask` is not 0."""
    return data[:place] + bytes([data[place] ^ mask]) + data[place + 1 :]


def found_in(data: bytes) -> int:
    """The entry in which the reader of bundles finds damage; -1 where it finds none."""
    try:
        parse_bundle(data)
    except EvidenceError as err:
        return err.entry
    return -1


def holder_of(good: bytes, place: int) -> int:
    """The entry that a byte belongs to: its bytes, or its line in the list of contents; 0 for the rest of the list."""
    entries = parse_bundle(good).entries
    bodies = [len(one.body) for one in entries]
    first = len(good) - sum(bodies)
    if place >= first:
        ends = accumulate(bodies, initial=first)
        return sum(1 for end in ends if end <= place)
    line = good[:place].count(b"\n")
    return line - 1 if 2 <= line < 2 + len(entries) else 0
