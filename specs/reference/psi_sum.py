"""The sum over an intersection, slowly: specs/psi-sum.md written down, both sides on one page."""

from __future__ import annotations

from dataclasses import dataclass

from specs.reference.dh import Given, Said, domain, mask, plus, tag, times, times_generator

TAG_DOMAIN = b"ATOLL-V01-PSI-SUM-TAG"
LIMB = 1 << 16


@dataclass(frozen=True)
class Values:
    """What the sender brings beside its keys."""

    values: list[int]
    """One a digest, dummies included."""
    keys: list[int]
    """Secret scalars, one a limb."""
    randomness: list[int]
    """One a place."""

    @property
    def offset(self) -> int:
        return 1 << (16 * len(self.keys) - 1)


def limbs(number: int, count: int) -> list[int]:
    """Lowest first."""
    return [number // LIMB**place % LIMB for place in range(count)]


def encrypt(number: int, keys: list[int], randomness: int) -> list[bytes]:
    """r G, then r K + m G a limb."""
    parts = zip(keys, limbs(number, len(keys)), strict=True)
    return [times_generator(randomness)] + [times_generator(randomness * key + limb) for key, limb in parts]


def is_encryption(ciphertext: list[bytes], keys: list[int], sums: list[int]) -> bool:
    """Whether the limbs of a ciphertext are these. A party finds them by search; a reader need not."""
    opened = [plus(part, times(ciphertext[0], -key)) for key, part in zip(keys, ciphertext[1:], strict=True)]
    return opened == [times_generator(limb) for limb in sums]


def run(
    sender: Given, values: Values, receiver: Given, answer_order: list[int], refresh: int, context: bytes, *, min_count: int = 1
) -> tuple[Said, bytes, int, int | None]:
    """Everything both sides say after the opening, the encrypted sum, the count, and the sum if it is told.

    Args:
        sender: as given.
        values: its values.
        receiver: as given.
        answer_order: at place i goes the tag of the receiver's place answer_order[i].
        refresh: the receiver's fresh randomness.
        context: 32 bytes.
        min_count: fewest keys whose sum is told.
    """
    dst, said = domain("PSI-SUM", context), Said()
    said.receiver.append([mask(digest, receiver.secret, dst) for digest in receiver.shuffled])
    said.sender.append([tag(TAG_DOMAIN, context, times(said.receiver[0][place], sender.secret)) for place in answer_order])
    entries = []
    for index, randomness in zip(sender.order, values.randomness, strict=True):
        ciphertext = encrypt(values.values[index] + values.offset, values.keys, randomness)
        entries.append([mask(sender.digests[index], sender.secret, dst), *ciphertext])
    said.sender.append([b"".join(entry) for entry in entries])

    publics = [times_generator(key) for key in values.keys]
    total, chosen = [times_generator(refresh), *(times(public, refresh) for public in publics)], []
    for index, (element, *ciphertext) in zip(sender.order, entries, strict=True):
        if tag(TAG_DOMAIN, context, times(element, receiver.secret)) in said.sender[0]:
            chosen.append(values.values[index] + values.offset)
            total = [plus(sum_, part) for sum_, part in zip(total, ciphertext, strict=True)]
    if len(chosen) < min_count:
        return said, b"", len(chosen), None
    sums = [sum(parts) for parts in zip(*(limbs(number, len(publics)) for number in chosen), strict=True)]
    assert is_encryption(total, values.keys, sums)
    number = sum(limb * LIMB**place for place, limb in enumerate(sums))
    return said, b"".join(total), len(chosen), number - len(chosen) * values.offset
