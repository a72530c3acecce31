"""Reading and writing ICS 23 proofs as Protocol Buffers, by hand: `CommitmentProof` with `exist` or `nonexist`.

Protocol Buffers allow many encodings of one message. Here there is one, the one that Go, Rust and Python generators write:
fields in ascending order, defaults left out, shortest integers, nothing unknown. A reader re-encodes what it read and refuses
the bytes unless they are equal, so a proof has one digest and no room for stowaways. Batches are refused.
Source: `cosmos/ics23/v1/proofs.proto`; Protocol Buffers encoding guide.
"""

from __future__ import annotations

from collections.abc import Iterator

from atoll.primitives.errors import ProofEncodingError, VarintError
from atoll.primitives.ics23_ops import CommitmentProof, ExistenceProof, HashOp, InnerOp, LeafOp, LengthOp, NonExistenceProof
from atoll.primitives.uvarint import encode_uvarint, parse_uvarint

MAX_PROOF_BYTES = 1 << 18
"""Two paths of full depth and two values of the ledger's largest size fit easily."""
MAX_STEPS = 256
"""As deep as a tree over 256-bit paths can be."""

_VARINT, _BYTES = 0, 2


def encode_proof(proof: CommitmentProof) -> bytes:
    """The proof as a `CommitmentProof` message."""
    if isinstance(proof, ExistenceProof):
        return _bytes_field(1, _encode_existence(proof))
    neighbours = b"".join(
        _bytes_field(number, _encode_existence(neighbour))
        for number, neighbour in ((2, proof.left), (3, proof.right))
        if neighbour is not None
    )
    return _bytes_field(2, _optional(1, proof.key) + neighbours)


def parse_proof(data: bytes) -> CommitmentProof:
    """The proof in a `CommitmentProof` message.

    Args:
        data: from anybody; at most MAX_PROOF_BYTES, at most MAX_STEPS steps a path.

    Raises:
        ProofEncodingError: not such a message, or not in its one encoding.

    Cost: linear in the length.
    """
    if len(data) > MAX_PROOF_BYTES:
        raise ProofEncodingError(reason=f"{len(data)} bytes are more than {MAX_PROOF_BYTES}")
    proof: CommitmentProof | None = None
    for number, value in _fields(data):
        if proof is not None or number not in (1, 2):
            raise ProofEncodingError(reason="it is not one proof of presence or absence")
        message = _as_bytes(value)
        proof = _parse_existence(message) if number == 1 else _parse_absence(message)
    if proof is None:
        raise ProofEncodingError(reason="it is empty")
    if encode_proof(proof) != data:
        raise ProofEncodingError(reason="it is not in the one allowed encoding")
    return proof


# -- writing -------------------------------------------------------------------------------------------------------------------


def _encode_existence(proof: ExistenceProof) -> bytes:
    leaf = b"" if proof.leaf is None else _bytes_field(3, _encode_leaf(proof.leaf))
    path = b"".join(_bytes_field(4, _encode_inner(step)) for step in proof.path)
    return _optional(1, proof.key) + _optional(2, proof.value) + leaf + path


def _encode_leaf(leaf: LeafOp) -> bytes:
    numbers = (leaf.hash, leaf.prehash_key, leaf.prehash_value, leaf.length)
    return b"".join(_number_field(at, number) for at, number in enumerate(numbers, start=1)) + _optional(5, leaf.prefix)


def _encode_inner(step: InnerOp) -> bytes:
    return _number_field(1, step.hash) + _optional(2, step.prefix) + _optional(3, step.suffix)


def _number_field(number: int, value: int) -> bytes:
    return bytes((number << 3 | _VARINT,)) + encode_uvarint(value) if value else b""


def _bytes_field(number: int, value: bytes) -> bytes:
    return bytes((number << 3 | _BYTES,)) + encode_uvarint(len(value)) + value


def _optional(number: int, value: bytes) -> bytes:
    return _bytes_field(number, value) if value else b""


# -- reading -------------------------------------------------------------------------------------------------------------------


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and values in the order they come."""
    at = 0
    try:
        while at < len(data):
            tag, at = parse_uvarint(data, at)
            value, at = parse_uvarint(data, at)
            if tag & 7 == _VARINT:
                yield tag >> 3, value
            elif tag & 7 == _BYTES and value <= len(data) - at:
                yield tag >> 3, data[at : at + value]
                at += value
            else:
                raise ProofEncodingError(reason=f"field {tag >> 3} is cut short or of an unknown kind")
    except VarintError as err:
        raise ProofEncodingError(reason="an integer cannot be read") from err


def _as_bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ProofEncodingError(reason="there is a number where bytes belong")
    return value


def _as_number(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise ProofEncodingError(reason="there are bytes where a number belongs")
    return value


def _single(data: bytes, highest: int) -> dict[int, int | bytes]:
    """The fields of a message in which each number occurs once at most."""
    fields: dict[int, int | bytes] = {}
    for number, value in _fields(data):
        if number in fields or not 1 <= number <= highest:
            raise ProofEncodingError(reason=f"field {number} is unknown or repeated")
        fields[number] = value
    return fields


def _hash_op(value: int | bytes) -> HashOp:
    try:
        return HashOp(_as_number(value))
    except ValueError as err:
        raise ProofEncodingError(reason=f"there is no hash {value!r}") from err


def _length_op(value: int | bytes) -> LengthOp:
    try:
        return LengthOp(_as_number(value))
    except ValueError as err:
        raise ProofEncodingError(reason=f"there is no length rule {value!r}") from err


def _parse_absence(data: bytes) -> NonExistenceProof:
    fields = _single(data, 3)
    left, right = fields.get(2), fields.get(3)
    return NonExistenceProof(
        key=_as_bytes(fields.get(1, b"")),
        left=None if left is None else _parse_existence(_as_bytes(left)),
        right=None if right is None else _parse_existence(_as_bytes(right)),
    )


def _parse_existence(data: bytes) -> ExistenceProof:
    fields: dict[int, bytes] = {}
    path: list[InnerOp] = []
    for number, value in _fields(data):
        if number == 4 and len(path) < MAX_STEPS:
            path.append(_parse_inner(_as_bytes(value)))
        elif number in (1, 2, 3) and number not in fields:
            fields[number] = _as_bytes(value)
        else:
            raise ProofEncodingError(reason=f"field {number} is unknown, repeated, or one of more than {MAX_STEPS} steps")
    leaf = fields.get(3)
    return ExistenceProof(
        key=fields.get(1, b""),
        value=fields.get(2, b""),
        leaf=None if leaf is None else _parse_leaf(leaf),
        path=tuple(path),
    )


def _parse_leaf(data: bytes) -> LeafOp:
    fields = _single(data, 5)
    return LeafOp(
        hash=_hash_op(fields.get(1, 0)),
        prehash_key=_hash_op(fields.get(2, 0)),
        prehash_value=_hash_op(fields.get(3, 0)),
        length=_length_op(fields.get(4, 0)),
        prefix=_as_bytes(fields.get(5, b"")),
    )


def _parse_inner(data: bytes) -> InnerOp:
    fields = _single(data, 3)
    return InnerOp(hash=_hash_op(fields.get(1, 0)), prefix=_as_bytes(fields.get(2, b"")), suffix=_as_bytes(fields.get(3, b"")))
