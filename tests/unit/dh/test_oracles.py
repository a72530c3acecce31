"""Every byte of a run is what the slow references say, whose secrets are read from the seeds."""

from __future__ import annotations

import doctest
import struct
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from atoll.primitives import ristretto
from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.shuffle import permutation
from atoll.protocols import psi_cardinality, psi_oprf, psi_payload, psi_sum
from atoll.protocols.packets import parse_packet
from atoll.protocols.psi import MemoryItems
from atoll.protocols.psi.items import Bucket
from atoll.protocols.psi.state import parse_state
from atoll.protocols.psi_cardinality.dummies import draw_dummies, public_dummies
from atoll.protocols.psi_oprf.params import derive_key, tag_bytes
from atoll.protocols.psi_oprf.sender import derive_nonce
from atoll.protocols.psi_sum.messages import Aggregate, Share
from atoll.protocols.pump import Pumped, pump
from atoll.protocols.role import Party, Receive
from specs.reference import oprf as slow_oprf
from specs.reference import psi_cardinality as slow_cardinality
from specs.reference import psi_payload as slow_payload
from specs.reference import psi_sum as slow_sum
from specs.reference.dh import Given, Said
from tests.unit.dh.runs import RECEIVER, SEEDS, SENDER, change, frames_of, items, rows, seat

SPECS = Path(__file__).parents[3] / "specs"
OURS, THEIRS = items(*range(4)), items(*range(2, 7))
CONTEXT = bytes(32)
ORDER = 2**252 + 27742317777372353535851937790883648493


class Secrets:
    """What a side draws from its seed, as numbers."""

    def __init__(self, party: Party, protocol: str) -> None:
        self._stream, self._protocol = SeededEntropy(SEEDS[party]), protocol

    def fork(self, label: str) -> SeededEntropy:
        return self._stream.fork(f"{self._protocol} {label}")

    def scalar(self, label: str) -> int:
        return int.from_bytes(ristretto.draw_secret(self.fork(label)).expose(), "little")

    def order(self, label: str, length: int) -> list[int]:
        return permutation(self.fork(label).bytes(32), length)


def scalars(seed: bytes, count: int) -> list[int]:
    """The list that `SecretScalars.derive` makes: a ChaCha20 key stream, 64 bytes a place."""
    stream = Cipher(algorithms.ChaCha20(seed, bytes(16)), mode=None).encryptor().update(bytes(64 * count))
    return [int.from_bytes(stream[at : at + 64], "little") % ORDER for at in range(0, len(stream), 64)]


def digests_of(set_: MemoryItems, ran: Pumped) -> tuple[list[bytes], Bucket]:
    bucket = set_.partition(parse_state(ran.checkpoints[RECEIVER][0]).salt, 1).load(0)
    return split(bucket.digests, 16), bucket


def split(packed: bytes, size: int) -> list[bytes]:
    return [packed[at : at + size] for at in range(0, len(packed), size)]


def hidden(set_: MemoryItems, ran: Pumped, secrets: Secrets, scalar: str, stream: str, beside: bytes = b"") -> Given:
    digests = digests_of(set_, ran)[0] + split(beside, 16)
    order = permutation(secrets.fork(stream).fork("order").bytes(32), len(digests))
    return Given(digests, secrets.scalar(scalar), order)


def joined(frames: list[list[bytes]]) -> list[bytes]:
    return [b"".join(frame) for frame in frames]


def replaced(by: bytes, _: bytes) -> bytes:
    return by


def test_payloads() -> None:
    def cells(keys: Bucket) -> bytes:
        return b"".join(b"%04d" % row for row in rows(keys.rows))

    def roles() -> dict[Party, Any]:
        return {
            RECEIVER: psi_payload.receiver(OURS, payload_bytes=4, **seat(RECEIVER)),
            SENDER: psi_payload.sender(THEIRS, cells, payload_bytes=4, **seat(SENDER)),
        }

    def learned(received: psi_payload.Received) -> tuple[dict[bytes, bytes], int]:
        return dict(zip(split(received.keys.digests, 16), split(received.payloads, 4), strict=True)), received.spoiled

    ran = pump(roles())
    name = "psi-payload-ristretto255/1 4"
    sender = hidden(THEIRS, ran, Secrets(SENDER, name), "key", "bucket 0")
    receiver = hidden(OURS, ran, Secrets(RECEIVER, name), "mask", "bucket 0")
    payloads = split(cells(digests_of(THEIRS, ran)[1]), 4)
    said, found = slow_payload.run(sender, payloads, receiver, CONTEXT)
    assert frames_of(ran, RECEIVER) == joined(said.receiver)
    assert frames_of(ran, SENDER) == joined(said.sender)
    assert learned(ran[RECEIVER]) == ({receiver.digests[index]: payload for index, payload in found.items()}, 0)
    for place in range(len(said.sender[1])):  # each record spoiled in turn
        records = list(said.sender[1])
        records[place] = records[place][:-1] + bytes([records[place][-1] ^ 1])
        tampered = pump(roles(), tamper=change(SENDER, 1, partial(replaced, b"".join(records))))
        found, spoiled = slow_payload.read(Said([said.sender[0], records]), receiver, CONTEXT)
        assert learned(tampered[RECEIVER]) == ({receiver.digests[index]: one for index, one in found.items()}, spoiled)


def test_cardinality_exact_and_with_noise() -> None:
    for noise in (None, psi_cardinality.Noise(epsilon_micro=20_000_000, delta_bits=20)):
        agreed: dict[str, Any] = {"noise": noise}
        ran = pump(
            {
                RECEIVER: psi_cardinality.receiver(OURS, **agreed, **seat(RECEIVER)),
                SENDER: psi_cardinality.sender(THEIRS, **agreed, **seat(SENDER)),
            }
        )
        name = f"psi-cardinality-ristretto255/1 {noise}"
        ours, theirs = Secrets(RECEIVER, name), Secrets(SENDER, name)
        salt = parse_state(ran.checkpoints[RECEIVER][0]).salt
        public = public_dummies(noise, salt=salt, context=CONTEXT)
        drawn = draw_dummies(noise, salt=salt, context=CONTEXT, entropy=theirs.fork("dummies"))
        sender = hidden(THEIRS, ran, theirs, "key", "own", drawn)
        receiver = hidden(OURS, ran, ours, "mask", "own", public)
        order = theirs.order("answers", len(receiver.digests))
        said, count = slow_cardinality.run(sender, receiver, order, CONTEXT, shift=noise.shift if noise else 0)
        assert frames_of(ran, RECEIVER) == joined(said.receiver)
        assert frames_of(ran, SENDER) == joined(said.sender)
        assert ran[RECEIVER].keys == count


@pytest.mark.parametrize("least", [1, 3], ids=["told", "withheld"])
def test_sums(least: int) -> None:
    amounts = [-3, 0, 4, 1, -2]

    def values(keys: Bucket) -> bytes:
        return b"".join(struct.pack("<q", amounts[row]) for row in rows(keys.rows))

    terms = psi_sum.Terms(total_bits=32, min_count=least)
    ran = pump(
        {
            RECEIVER: psi_sum.receiver(OURS, terms=terms, **seat(RECEIVER)),
            SENDER: psi_sum.sender(THEIRS, values, terms=terms, **seat(SENDER)),
        }
    )
    name = f"psi-sum-ristretto255/2 {terms}"
    ours, theirs = Secrets(RECEIVER, name), Secrets(SENDER, name)
    sender, receiver = hidden(THEIRS, ran, theirs, "key", "own"), hidden(OURS, ran, ours, "mask", "own")
    numbers = [amount for (amount,) in struct.iter_unpack("<q", values(digests_of(THEIRS, ran)[1]))]
    randomness = scalars(theirs.fork("value randomness").bytes(32), 5)
    brought = slow_sum.Values(numbers, scalars(theirs.fork("value key").bytes(32), 1)[0], randomness)
    blinding = scalars(ours.fork("blinding").bytes(32), 1)[0]
    said, opening, count, total = slow_sum.run(
        sender, brought, receiver, theirs.order("answers", 4), blinding, CONTEXT, min_count=least
    )
    assert frames_of(ran, RECEIVER) == joined(said.receiver)
    assert frames_of(ran, SENDER) == joined(said.sender)
    asked, answered = (one.packet for one in ran.transcript[-2:])
    assert parse_packet(asked, Receive(RECEIVER, Aggregate)) == Aggregate(blinded=opening[0])
    assert parse_packet(answered, Receive(SENDER, Share)) == Share(share=opening[1])
    assert ran[RECEIVER] == psi_sum.Sum(count, total) == psi_sum.Sum(2, sum(amounts[:2]) if least == 1 else None)


def test_look_ups() -> None:
    epoch, secret, cache = psi_oprf.Epoch(bytes([1] * 32), 7), bytes([9] * 32), psi_oprf.MemoryTables()
    agreed: dict[str, Any] = {"epoch": epoch}
    ran = pump(
        {
            RECEIVER: psi_oprf.receiver(OURS, cache=psi_oprf.MemoryTables(), **agreed, **seat(RECEIVER)),
            SENDER: psi_oprf.sender(THEIRS, secret=secret, cache=cache, **agreed, **seat(SENDER)),
        }
    )
    key = int.from_bytes(derive_key(secret, epoch).secret.expose(), "little")
    ours, theirs = (split(set_.partition(epoch.salt, 1).load(0).digests, 16) for set_ in (OURS, THEIRS))
    sent, width = frames_of(ran, SENDER)[0], tag_bytes(64)
    own = {slow_oprf.evaluate(key, digest)[:width] for digest in theirs}
    dummies = [one for one in split(sent, width) if one not in own]
    assert sent == slow_oprf.table(key, theirs, width, dummies)
    assert len(dummies) == 64 - len(theirs)

    secrets = Secrets(RECEIVER, f"psi-oprf-ristretto255/1 {epoch.cache_key.hex()}")
    blinds = scalars(secrets.fork("blinds").bytes(32), len(ours))
    blinded = frames_of(ran, RECEIVER)[0]
    nonce = int.from_bytes(derive_nonce(SEEDS[SENDER], blinded).expose(), "little")
    both = [index for index, digest in enumerate(ours) if digest in theirs]
    assert slow_oprf.look_up(key, ours, blinds, nonce, sent, width) == (blinded, frames_of(ran, SENDER)[1], both)
    assert ran[RECEIVER].keys == 2


@pytest.mark.parametrize("page", ["psi-payload", "psi-cardinality", "psi-sum", "psi-oprf"])
def test_the_example_of_the_page_runs(page: str) -> None:
    failed, run = doctest.testfile(str(SPECS / f"{page}.md"), module_relative=False)
    assert (failed, run > 4) == (0, True)
