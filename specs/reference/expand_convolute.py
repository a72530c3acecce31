"""The parts of the VOLE, slowly: the field, the tree, the hash and the expand-convolute code, as specs/vole.md has them.

An oracle for tests and for readers; nothing here is constant time. Run as a module it writes the answers that the Rust core is
tested with (`specs/vectors/vole.json`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

SUBFIELD = (1 << 64) | 0x1B
"""x^64 + x^4 + x^3 + x + 1."""
NU = 1 << 61
"""The constant of Y^2 + Y + x^61, the modulus of GF(2^128) over the subfield."""
STATE = 24
"""Places that a place is added to with probability 1/2."""
ROW_WEIGHT = 7
REGULAR = 4
"""Of the seven places of an output, those with a quarter of their own."""


def multiply_subfield(left: int, right: int) -> int:
    """The product in GF(2^64): add, double, reduce."""
    product = 0
    for bit in reversed(range(64)):
        product <<= 1
        if product >> 64:
            product ^= SUBFIELD
        if (right >> bit) & 1:
            product ^= left
    return product


def split(element: int) -> tuple[int, int]:
    """The coefficients of 1 and of Y."""
    return element & (2**64 - 1), element >> 64


def multiply(left: int, right: int) -> int:
    """The product in GF(2^128), with Y^2 = Y + x^61."""
    (a, b), (c, d) = split(left), split(right)
    square = multiply_subfield(b, d)
    low = multiply_subfield(a, c) ^ multiply_subfield(square, NU)
    high = multiply_subfield(a, d) ^ multiply_subfield(b, c) ^ square
    return low | (high << 64)


def evaluate(point: int, coefficients: list[int]) -> int:
    """The sum of coefficients[i] * point^(i + 1)."""
    total, power = 0, 1
    for coefficient in coefficients:
        power = multiply(power, point)
        total ^= multiply(coefficient, power)
    return total


def encrypt(key: bytes, block: int) -> int:
    """AES-128 of one block; blocks are little-endian numbers."""
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 one block is no mode
    return int.from_bytes(encryptor.update(block.to_bytes(16, "little")), "little")


def stream(key: bytes) -> Iterator[int]:
    """The key stream: AES of 0, 1, 2 and so on, byte by byte."""
    counter = 0
    while True:
        yield from encrypt(key, counter).to_bytes(16, "little")
        counter += 1


def digest(tag: str, *parts: bytes) -> bytes:
    """SHA-256 of tag and parts, each behind its length."""
    hashed = hashlib.sha256()
    for part in (b"atoll-vole-v1", tag.encode(), *parts):
        hashed.update(len(part).to_bytes(8, "little") + part)
    return hashed.digest()


def correlation_hash(key: bytes, element: int, tweak: int) -> int:
    """P(P(x) + i) + P(x) with P = AES under `key`."""
    once = encrypt(key, element)
    return encrypt(key, once ^ tweak) ^ once


def expand_tree(keys: tuple[bytes, bytes], root: int, leaves: int) -> tuple[list[int], list[tuple[int, int]]]:
    """The leaves of a tree, and the sums of the left and of the right nodes of each level, from the top."""
    depth = (leaves - 1).bit_length()
    nodes, sums = [root], []
    for level in range(1, depth + 1):
        nodes = [encrypt(key, node) ^ node for node in nodes for key in keys]
        nodes = nodes[: -(-leaves >> (depth - level))]
        left = right = 0
        for i, node in enumerate(nodes):
            left, right = (left ^ node, right) if i % 2 == 0 else (left, right ^ node)
        sums.append((left, right))
    return nodes, sums


def times_x(element: int) -> int:
    """The product with x of the subfield."""
    return multiply(element, 2)


def convolute(key: bytes, state: list[int]) -> list[int]:
    """One convolution: each place is added to the 24 behind it by coins, and to the 25th always, which is multiplied by x."""
    state, places, coins = list(state), len(state), stream(key)
    for i in range(places):
        bits = int.from_bytes(bytes(next(coins) for _ in range(3)), "little")
        for step in range(STATE):
            if (bits >> step) & 1:
                state[(i + 1 + step) % places] ^= state[i]
        last = (i + 1 + STATE) % places
        state[last] = times_x(state[last] ^ state[i])
    return state


def compress(vector: list[int]) -> list[int]:
    """The output of the code: 2n elements become n."""
    places = len(vector) // 2
    kept, state = vector[:places], vector[places:]
    length = places.to_bytes(8, "little")
    for part in (b"first convolution", b"second convolution"):
        state = convolute(digest("expand-convolute code", part, length)[:16], state)
    words = stream(digest("expand-convolute code", b"expander", length)[:16])
    output = []
    for element in kept:
        total = element
        for j in range(ROW_WEIGHT):
            start, end = (j * places // REGULAR, (j + 1) * places // REGULAR) if j < REGULAR else (0, places)
            word = int.from_bytes(bytes(next(words) for _ in range(4)), "little")
            total ^= state[start + ((word * (end - start)) >> 32)]
        output.append(total)
    return output


def known_answers() -> dict[str, object]:
    """What `specs/vectors/vole.json` holds; elements as numbers in hexadecimal."""

    def elements(label: str, count: int) -> list[int]:
        return [int.from_bytes(digest("vector", label.encode(), bytes([i]))[:16], "little") for i in range(count)]

    def written(values: list[int]) -> list[str]:
        return [f"{value:032x}" for value in values]

    left, right = elements("left", 12), elements("right", 12)
    left[:4], right[:4] = [0, 1, 2**128 - 1, 1 << 127], [5, 2**128 - 1, 2**128 - 1, 1 << 127]
    keys = (bytes(range(16)), bytes(range(16, 32)))
    (root,) = elements("root", 1)
    leaves, sums = expand_tree(keys, root, 37)
    inputs, (point,) = elements("inputs", 5), elements("point", 1)
    vector = elements("code", 120)
    return {
        "multiply": [written([a, b, multiply(a, b)]) for a, b in zip(left, right, strict=True)],
        "evaluate": {"point": f"{point:032x}", "coefficients": written(vector), "value": f"{evaluate(point, vector):032x}"},
        "hash": {
            "key": keys[0].hex(),
            "first_tweak": 7,
            "inputs": written(inputs),
            "outputs": written([correlation_hash(keys[0], element, 7 + i) for i, element in enumerate(inputs)]),
        },
        "tree": {
            "keys": [key.hex() for key in keys],
            "root": f"{root:032x}",
            "leaves": written(leaves),
            "sums": [written(list(pair)) for pair in sums],
        },
        "code": {"vector": written(vector), "output": written(compress(vector))},
    }


if __name__ == "__main__":
    print(json.dumps(known_answers(), indent=1))
