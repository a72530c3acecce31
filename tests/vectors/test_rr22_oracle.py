"""The slow oracles of RR22 against the kernels: stores to the bit, and the scenario files that the Rust tests replay.

`python -m tests.vectors.test_rr22_oracle` writes the files anew.
"""

from __future__ import annotations

import doctest
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from atoll.primitives import okvs as kernel
from specs.reference import okvs, psi_rr22

VECTORS = Path(__file__).parents[2] / "specs" / "vectors"
FORMS: dict[str, tuple[int, int | None, int]] = {
    "fast": (128, None, 10),
    "low_communication": (64, None, 10),
    "malicious": (128, int.from_bytes(hashlib.sha256(b"coin").digest()[:16], "little"), 16),
}
"""Bits of the store's values, the coin, bytes of a tag."""

SEED = hashlib.sha256(b"rows").digest()


def digests(*numbers: int) -> list[bytes]:
    return [hashlib.sha256(b"key %d" % number).digest()[:16] for number in numbers]


def pack(values: list[int], size: int) -> bytes:
    return b"".join(value.to_bytes(size, "little") for value in values)


def unpack(data: bytes, size: int) -> list[int]:
    return [int.from_bytes(data[at : at + size], "little") for at in range(0, len(data), size)]


def scenario(name: str) -> dict[str, Any]:
    """A bucket of five against four keys, two of them shared."""
    bits, coin, tag_bytes = FORMS[name]
    shape = okvs.clustered(5, 40)
    domain, ours, theirs = hashlib.sha256(name.encode()).digest(), digests(1, 2, 3, 4, 5), digests(9, 4, 2, 8)
    dealt = psi_rr22.deal(name.encode(), shape.length, bits)
    ran = psi_rr22.run(shape, domain, dealt, ours, theirs, bits=bits, coin=coin, tag_bytes=tag_bytes)
    return {
        "keys": shape.keys,
        "subfield": bits == 64,
        "malicious": coin is not None,
        "domain": domain.hex(),
        "coin": "" if coin is None else pack([coin], 16).hex(),
        "delta": pack([dealt.delta], 16).hex(),
        "a": pack(dealt.a, bits // 8).hex(),
        "b": pack(dealt.b, 16).hex(),
        "c": pack(dealt.c, 16).hex(),
        "ours": b"".join(ours).hex(),
        "theirs": b"".join(theirs).hex(),
        "masked": pack(ran.masked, bits // 8).hex(),
        "at_receiver": b"".join(ran.at_receiver).hex(),
        "at_sender": b"".join(ran.at_sender).hex(),
        "tag_bytes": tag_bytes,
        "tags": b"".join(ran.tags).hex(),
        "matches": ran.matches,
    }


@pytest.mark.parametrize("name", FORMS)
def test_the_oracle_says_what_the_scenario_file_says(name: str) -> None:
    told = json.loads((VECTORS / f"psi_rr22_{name}.json").read_text())
    assert told == scenario(name)
    assert told["matches"] == [1, 3], "keys 2 and 4"


def test_the_example_of_the_specification_runs() -> None:
    failed, ran = doctest.testfile(str(VECTORS.parent / "psi-rr22.md"), module_relative=False)
    assert (failed, ran > 5) == (0, True)


def test_the_cipher_is_the_standards() -> None:
    """FIPS 197 appendix C.1."""
    key, block = bytes(range(16)), bytes(0x11 * i for i in range(16))
    assert okvs.aes128(key, block).hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"


@pytest.mark.parametrize("keys", [0, 1, 64, 65, 1000, 1 << 14, (1 << 14) + 1, 100_000, 1 << 20, 10**7])
@pytest.mark.parametrize("failure_bits", [40, 47])
def test_stores_are_as_long_as_the_formulas_make_them(keys: int, failure_bits: int) -> None:
    assert kernel.store_bytes(keys, 16, failure_bits) == 16 * okvs.clustered(keys, failure_bits).length


@pytest.mark.parametrize("bits", [64, 128])
@pytest.mark.parametrize("count", [0, 1, 30, 64])
def test_a_store_is_the_oracles_to_the_bit(count: int, bits: int) -> None:
    size = bits // 8
    keys = digests(*range(count))
    values = unpack(hashlib.shake_256(b"values").digest(count * size), size)
    packed, shape = b"".join(keys), okvs.clustered(64, 40)
    made = kernel.encode(packed, pack(values, size), keys=64, row_seed=SEED, filler_seed=SEED, value_bytes=size)
    store = unpack(made, size)
    assert okvs.encode(SEED, shape, keys, values, store, bits) == store
    assert [okvs.decode(SEED, shape, store, key, bits) for key in keys] == values
    others = digests(*range(1000, 1020))
    decoded = kernel.decode(b"".join(others), made, keys=64, row_seed=SEED, value_bytes=size)
    assert unpack(decoded, size) == [okvs.decode(SEED, shape, store, key, bits) for key in others]


@pytest.mark.parametrize("bits", [64, 128])
@pytest.mark.parametrize(("number", "gap"), [(42, 1), (80, 2)])
def test_what_cannot_be_peeled_is_solved_by_dense_columns_as_the_oracle_does(number: int, gap: int, bits: int) -> None:
    """One row seed of about forty leaves a gap at this size; these two do."""
    keys, shape, size = digests(*range(64)), okvs.clustered(64, 4), bits // 8
    seed = hashlib.sha256(b"gap %d" % number).digest()
    assert len(okvs.peel([okvs.row(seed, shape, key, bits) for key in keys], shape.sparse)[1]) == gap
    values = unpack(hashlib.shake_256(b"values").digest(64 * size), size)
    made = kernel.encode(
        b"".join(keys), pack(values, size), keys=64, row_seed=seed, filler_seed=SEED, value_bytes=size, failure_bits=4
    )
    store = unpack(made, size)
    assert okvs.encode(seed, shape, keys, values, store, bits) == store
    decoded = kernel.decode(b"".join(keys), made, keys=64, row_seed=seed, value_bytes=size, failure_bits=4)
    assert unpack(decoded, size) == values


if __name__ == "__main__":
    for form in FORMS:
        (VECTORS / f"psi_rr22_{form}.json").write_text(json.dumps(scenario(form), indent=1) + "\n")
