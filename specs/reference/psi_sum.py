"""The sum over an intersection, slowly: specs/psi-sum.md written down, both sides on one page."""

from __future__ import annotations

from dataclasses import dataclass

from specs.reference.dh import Given, Said, domain, mask, plus, tag, times, times_generator

TAG_DOMAIN = b"ATOLL-V01-PSI-SUM-TAG"


@dataclass(frozen=True)
class Values:
    """What the sender brings beside its keys."""

    values: list[int]
    """One a digest, dummies included."""
    key: int
    """Secret scalar."""
    randomness: list[int]
    """One a place."""


def encrypt(number: int, key: int, randomness: int) -> list[bytes]:
    """r G, r K + m G."""
    return [times_generator(randomness), times_generator(randomness * key + number)]


def run(
    sender: Given, values: Values, receiver: Given, answer_order: list[int], blinding: int, context: bytes, min_count: int = 1
) -> tuple[Said, tuple[bytes, bytes], int, int | None]:
    """Everything both sides say after the opening: lists, what is sent to open the sum and back, the count, the sum if told.

    Args:
        sender: as given.
        values: its values.
        receiver: as given.
        answer_order: at place i goes the tag of the receiver's place answer_order[i].
        blinding: the receiver's fresh randomness.
        context: 32 bytes.
        min_count: fewest keys whose sum is told.
    """
    dst, said = domain("PSI-SUM", context), Said()
    said.receiver.append([mask(digest, receiver.secret, dst) for digest in receiver.shuffled])
    said.sender.append([tag(TAG_DOMAIN, context, times(said.receiver[0][place], sender.secret)) for place in answer_order])
    entries = []
    for index, randomness in zip(sender.order, values.randomness, strict=True):
        ciphertext = encrypt(values.values[index], values.key, randomness)
        entries.append([mask(sender.digests[index], sender.secret, dst), *ciphertext])
    said.sender.append([b"".join(entry) for entry in entries])

    total, chosen = [bytes(32)] * 2, []
    for index, (element, *ciphertext) in zip(sender.order, entries, strict=True):
        if tag(TAG_DOMAIN, context, times(element, receiver.secret)) in said.sender[0]:
            chosen.append(values.values[index])
            total = [plus(sum_, part) for sum_, part in zip(total, ciphertext, strict=True)]
    is_told = len(chosen) >= min_count
    asked = total if is_told else [bytes(32)] * 2
    blinded = plus(asked[0], times_generator(blinding))
    share = times(blinded, values.key)
    opened = plus(plus(asked[1], times(share, -1)), times(times_generator(values.key), blinding))
    number = sum(chosen) if is_told else 0
    assert opened == times_generator(number), "the receiver finds it by search; a reader need not"
    return said, (blinded, share), len(chosen), number if is_told else None
