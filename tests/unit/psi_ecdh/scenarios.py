"""The scenario files `specs/vectors/psi_ecdh_*.json`: one good run, and for each lie the run up to it.

    python -m tests.unit.psi_ecdh.scenarios      # writes them again

A file holds both sides' inputs, masks and orders, every packet as bytes, and a verdict on each: `accepted`, or the code of the
error at the one who reads it. Whoever implements the protocol replays a side against the packets of the other.
"""

from __future__ import annotations

import contextlib
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

from atoll.errors import PeerError
from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.coin import SaltShare
from atoll.protocols.packets import Packet, encode_packet
from atoll.protocols.psi import Matches, MemoryItems
from atoll.protocols.psi_ecdh import Limits, PublicKey, SetSize, core, receiver, sender
from atoll.protocols.pump import Pumped, Said, pump
from atoll.protocols.role import Party, Role
from specs.reference import edwards25519 as group
from specs.reference.ristretto255 import ORDER

FOLDER = Path(__file__).parents[3] / "specs" / "vectors"

SENDER = Party("owner")
RECEIVER = Party("receiver")
NAMES = {SENDER: "sender", RECEIVER: "receiver"}

SENDER_ITEMS = [b"ann", b"bob", b"eve", b"joe"]
RECEIVER_ITEMS = [b"zoe", b"eve", b"bob", b"eve"]
SEEDS = {SENDER: bytes(range(32)), RECEIVER: bytes(range(100, 132))}
CONTEXT = bytes(range(200, 232))
CAP = 5
POINTS_PER_FRAME = 2
LIMITS = Limits(own_items=CAP, peer_items=CAP, points_per_frame=POINTS_PER_FRAME)

IDENTITY = (1).to_bytes(32, "little")
NON_CANONICAL = (2**255 - 19 + 3).to_bytes(32, "little")
"""A point with y = 3, written as p + 3."""
SMALL_ORDER = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
"""A point of order 8."""
MIXED_ORDER = group.encode(group.add(group.GENERATOR, group.decode(SMALL_ORDER) or group.GENERATOR))
"""A point of order 8 L."""
OFF_CURVE = (2).to_bytes(32, "little")
"""No point has y = 2."""


def public_key(point: bytes) -> bytes:
    return encode_packet(PublicKey(point=point)).data


def rows(matches: Matches) -> list[int]:
    return [number for (number,) in struct.iter_unpack("<I", matches.rows)]


def salt_part(party: Party) -> tuple[bytes, bytes]:
    """Share and opening, as `draw_joint_salt` takes them from the seed."""
    entropy = SeededEntropy(SEEDS[party]).fork("joint salt")
    return entropy.bytes(32), entropy.bytes(32)


def secrets_of(party: Party, keys: int) -> dict[str, Any]:
    """The sender's secret, or the receiver's blinders, as the seed leads to them."""
    if party == SENDER:
        return {"secret": core.derive_secret(SEEDS[party]).expose().hex()}
    return {"blinders": [blinder.to_bytes(32, "little").hex() for blinder in blinders(SEEDS[party], keys)]}


def blinders(seed: bytes, keys: int) -> list[int]:
    """As `SecretScalars.derive` takes them from the ChaCha20 key stream (RFC 8439) under the forked seed."""
    stream = Cipher(ChaCha20(SeededEntropy(seed).fork("psi-ecdh blinders").bytes(32), bytes(16)), None).encryptor()
    wide = stream.update(bytes(64 * keys))
    return [int.from_bytes(wide[64 * at :][:64], "little") % ORDER for at in range(keys)]


def size(items: int) -> bytes:
    return encode_packet(SetSize(items=items)).data


def role_of(party: Party, *, resume: bytes | None = None) -> Role[Any]:
    """One side of the good run."""
    agreed: dict[str, Any] = {"me": party, "context": CONTEXT, "seed": SEEDS[party], "limits": LIMITS, "resume": resume}
    if party == SENDER:
        return sender(MemoryItems(SENDER_ITEMS), receiver=RECEIVER, **agreed)
    return receiver(MemoryItems(RECEIVER_ITEMS), sender=SENDER, **agreed)


@dataclass(frozen=True)
class Lie:
    """One packet of the good run, changed by the one who sends it."""

    name: str
    what: str
    liar: Party
    number: int
    """Which of the liar's packets; 0 and 1 are for the salt, 2 is the size."""
    change: Callable[[list[bytes]], bytes]
    """From all packets that the liar sends in the good run."""
    code: str


LIES = [
    Lie(
        "no_promise",
        "Bytes that promise nothing.",
        RECEIVER,
        0,
        lambda _: b"\xff" * 20,
        "protocols.unexpected_packet",
    ),
    Lie(
        "share_changed",
        "Another share of the salt than promised.",
        SENDER,
        1,
        lambda _: encode_packet(SaltShare(share=bytes(32), opening=bytes(32))).data,
        "protocols.salt_share_changed",
    ),
    Lie("garbage_message", "Bytes that are no message.", RECEIVER, 2, lambda _: b"\xff" * 20, "protocols.unexpected_packet"),
    Lie("set_too_large", "One item more than agreed.", RECEIVER, 2, lambda _: size(CAP + 1), "psi_ecdh.peer_set_too_large"),
    Lie("identity", "The neutral element.", RECEIVER, 3, lambda said: IDENTITY + said[3][32:], "psi_ecdh.bad_point"),
    Lie("off_curve", "No point at all.", RECEIVER, 3, lambda said: said[3][:32] + OFF_CURVE, "psi_ecdh.bad_point"),
    Lie(
        "non_canonical",
        "A second way to write y.",
        RECEIVER,
        3,
        lambda said: NON_CANONICAL + said[3][32:],
        "psi_ecdh.bad_point",
    ),
    Lie("small_order", "A point of order 8.", RECEIVER, 3, lambda said: said[3][:32] + SMALL_ORDER, "psi_ecdh.bad_point"),
    Lie("missing_point", "A question less than announced.", RECEIVER, 3, lambda said: said[3][:32], "psi_ecdh.wrong_frame"),
    Lie(
        "extra_point",
        "A question more than announced.",
        RECEIVER,
        4,
        lambda said: said[4] + said[3][:32],
        "psi_ecdh.wrong_frame",
    ),
    Lie("half_a_point", "A frame that ends within a point.", RECEIVER, 3, lambda said: said[3][:-1], "psi_ecdh.wrong_frame"),
    Lie("key_identity", "The neutral element for a key.", SENDER, 3, lambda _: public_key(IDENTITY), "psi_ecdh.bad_key"),
    Lie("key_small_order", "A key of order 8.", SENDER, 3, lambda _: public_key(SMALL_ORDER), "psi_ecdh.bad_key"),
    Lie("key_mixed_order", "A key of order 8 L.", SENDER, 3, lambda _: public_key(MIXED_ORDER), "psi_ecdh.bad_key"),
    Lie("key_off_curve", "A key that is no point.", SENDER, 3, lambda _: public_key(OFF_CURVE), "psi_ecdh.bad_key"),
    Lie("short_tags", "A tag less than announced.", SENDER, 4, lambda said: said[4][:16], "psi_ecdh.wrong_frame"),
    Lie("repeated_tag", "One tag for two items.", SENDER, 4, lambda said: said[4][:16] * 2, "psi_ecdh.repeated_tag"),
    Lie("replayed_tags", "The first tags once more.", SENDER, 6, lambda said: said[4], "psi_ecdh.repeated_tag"),
    Lie("garbage_answer", "A frame of noise.", SENDER, 5, lambda said: b"\xff" * len(said[5]), "psi_ecdh.bad_point"),
    Lie("identity_answer", "The neutral element.", SENDER, 5, lambda said: said[5][:32] + IDENTITY, "psi_ecdh.bad_point"),
    Lie("short_answer", "An answer for one question less.", SENDER, 5, lambda said: said[5][:32], "psi_ecdh.wrong_frame"),
]


def build() -> dict[str, dict[str, Any]]:
    """Every scenario by file name."""
    good = pump({SENDER: role_of(SENDER), RECEIVER: role_of(RECEIVER)})
    steps = [_step(said, "accepted") for said in good.transcript]
    files = {"psi_ecdh_good.json": _head("Both follow the protocol.") | {"steps": steps, "output": rows(good[RECEIVER])}}
    for lie in LIES:
        files[f"psi_ecdh_bad_{lie.name}.json"] = _head(lie.what) | {"steps": _told(lie, good)}
    return files


def _told(lie: Lie, good: Pumped) -> list[dict[str, str]]:
    """The steps of the good run up to the lie, and what the victim says before it reads it."""
    said_by_liar = [said.packet.data for said in good.transcript if said.sender == lie.liar]
    steps: list[dict[str, str]] = []
    number = -1

    def tamper(said: Said) -> Packet:
        nonlocal number
        number += said.sender == lie.liar
        is_lie = said.sender == lie.liar and number == lie.number
        changed = said._replace(packet=Packet(said.packet.is_bulk, lie.change(said_by_liar))) if is_lie else said
        if said.sender != lie.liar or number <= lie.number:
            steps.append(_step(changed, lie.code if is_lie else "accepted"))
        return changed.packet

    with contextlib.suppress(PeerError):
        pump({SENDER: role_of(SENDER), RECEIVER: role_of(RECEIVER)}, tamper=tamper)
    return steps


def _head(what: str) -> dict[str, Any]:
    sides = ((SENDER, SENDER_ITEMS), (RECEIVER, RECEIVER_ITEMS))
    return {
        "what": what,
        "context": CONTEXT.hex(),
        "points_per_frame": POINTS_PER_FRAME,
        "cap": CAP,
        **{
            NAMES[party]: {
                "items": [item.hex() for item in items],
                "seed": SEEDS[party].hex(),
                **secrets_of(party, len(set(items))),
                "order": core.derive_order(SEEDS[party], len(set(items))).tolist(),
                "place": str(party),
                "share": salt_part(party)[0].hex(),
                "opening": salt_part(party)[1].hex(),
            }
            for party, items in sides
        },
    }


def _step(said: Said, verdict: str) -> dict[str, str]:
    kind = "frame" if said.packet.is_bulk else "message"
    return {"from": NAMES[said.sender], kind: said.packet.data.hex(), "verdict": verdict}


def encode_file(scenario: dict[str, Any]) -> str:
    return json.dumps(scenario, indent=1) + "\n"


if __name__ == "__main__":
    for name, scenario in build().items():
        (FOLDER / name).write_text(encode_file(scenario))
