"""The parts that ICS 23 proofs are built from: hash and length rules, a leaf, a step, a proof of presence or absence.

Names and numbers are those of `cosmos/ics23/v1/proofs.proto`; `atoll.primitives.ics23` says when a proof holds,
`atoll.primitives.ics23_codec` reads and writes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from atoll.primitives.errors import CommitmentProofError
from atoll.primitives.uvarint import encode_uvarint


class HashOp(IntEnum):
    """Hash functions by their number in the protocol; `KECCAK256` and `BLAKE3` are named but not offered."""

    NO_HASH = 0
    SHA256 = 1
    SHA512 = 2
    KECCAK256 = 3
    RIPEMD160 = 4
    BITCOIN = 5
    SHA512_256 = 6
    BLAKE2B_512 = 7
    BLAKE2S_256 = 8
    BLAKE3 = 9


class LengthOp(IntEnum):
    """What goes before a leaf's key and value; `VAR_RLP` is named but not offered."""

    NO_PREFIX = 0
    VAR_PROTO = 1
    VAR_RLP = 2
    FIXED32_BIG = 3
    FIXED32_LITTLE = 4
    FIXED64_BIG = 5
    FIXED64_LITTLE = 6
    REQUIRE_32_BYTES = 7
    REQUIRE_64_BYTES = 8


_HASHES: dict[HashOp, Callable[[bytes], bytes]] = {
    HashOp.SHA256: lambda data: hashlib.sha256(data).digest(),
    HashOp.SHA512: lambda data: hashlib.sha512(data).digest(),
    HashOp.RIPEMD160: lambda data: hashlib.new("ripemd160", data).digest(),
    HashOp.BITCOIN: lambda data: hashlib.new("ripemd160", hashlib.sha256(data).digest()).digest(),
    HashOp.SHA512_256: lambda data: hashlib.new("sha512_256", data).digest(),
    HashOp.BLAKE2B_512: lambda data: hashlib.blake2b(data).digest(),
    HashOp.BLAKE2S_256: lambda data: hashlib.blake2s(data).digest(),
}

_LENGTHS: dict[LengthOp, Callable[[int], bytes]] = {
    LengthOp.NO_PREFIX: lambda _: b"",
    LengthOp.VAR_PROTO: encode_uvarint,
    LengthOp.FIXED32_BIG: lambda length: length.to_bytes(4, "big"),
    LengthOp.FIXED32_LITTLE: lambda length: length.to_bytes(4, "little"),
    LengthOp.FIXED64_BIG: lambda length: length.to_bytes(8, "big"),
    LengthOp.FIXED64_LITTLE: lambda length: length.to_bytes(8, "little"),
}

_REQUIRED_BYTES = {LengthOp.REQUIRE_32_BYTES: 32, LengthOp.REQUIRE_64_BYTES: 64}


def apply_hash(op: HashOp, data: bytes) -> bytes:
    """`data` hashed by `op`.

    Raises:
        CommitmentProofError: `op` is `NO_HASH` or not offered.
    """
    if op not in _HASHES:
        raise CommitmentProofError(reason=f"hash {op.name} is not offered")
    return _HASHES[op](data)


# -- the parts of a proof ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafOp:
    """How key and value become a leaf: hash(prefix || len(k) || k || len(v) || v), k and v hashed first where asked."""

    hash: HashOp = HashOp.NO_HASH
    prehash_key: HashOp = HashOp.NO_HASH
    prehash_value: HashOp = HashOp.NO_HASH
    length: LengthOp = LengthOp.NO_PREFIX
    prefix: bytes = b""

    def apply(self, key: bytes, value: bytes) -> bytes:
        """The leaf hash; key and value must not be empty, because "empty" and "absent" would look the same."""
        if not key or not value:
            raise CommitmentProofError(reason="a leaf has an empty key or value")
        return apply_hash(self.hash, self.prefix + self._field(self.prehash_key, key) + self._field(self.prehash_value, value))

    def _field(self, prehash: HashOp, data: bytes) -> bytes:
        if prehash is not HashOp.NO_HASH:
            data = apply_hash(prehash, data)
        if self.length in _REQUIRED_BYTES:
            if len(data) != _REQUIRED_BYTES[self.length]:
                raise CommitmentProofError(reason=f"a leaf's field of {len(data)} bytes has not the required length")
            return data
        if self.length not in _LENGTHS:
            raise CommitmentProofError(reason=f"length prefix {self.length.name} is not offered")
        return _LENGTHS[self.length](len(data)) + data


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerOp:
    """One step towards the root: hash(prefix || child || suffix)."""

    hash: HashOp = HashOp.NO_HASH
    prefix: bytes = b""
    suffix: bytes = b""

    def apply(self, child: bytes) -> bytes:
        """The parent's hash."""
        if not child:
            raise CommitmentProofError(reason="a step has no child")
        return apply_hash(self.hash, self.prefix + child + self.suffix)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistenceProof:
    """That `key` has `value`: a leaf and the steps from it to the root."""

    key: bytes
    value: bytes
    leaf: LeafOp | None
    path: tuple[InnerOp, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NonExistenceProof:
    """That `key` has no value: its neighbours, of which one is missing at either end of the tree."""

    key: bytes
    """Not checked by ICS 23: the verifier brings the key it asks about."""
    left: ExistenceProof | None = None
    right: ExistenceProof | None = None


CommitmentProof = ExistenceProof | NonExistenceProof
