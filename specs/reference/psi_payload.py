"""Intersection with payloads, slowly: specs/psi-payload.md written down, both sides on one page, one bucket.

AES-256-GCM is the `cryptography` package's; everything else is plain Python.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from specs.reference.dh import Given, Said, domain, inverse, mask, times

RECORD_DOMAIN = b"ATOLL-V01-PSI-PAYLOAD-RECORD"


def derive(element: bytes, context: bytes) -> tuple[bytes, bytes]:
    """Tag and key of the record of an element."""
    digest = hashlib.sha512(RECORD_DOMAIN + context + element).digest()
    return digest[:16], digest[32:]


def record(element: bytes, payload: bytes, context: bytes) -> bytes:
    """Tag, sealed payload."""
    tag, key = derive(element, context)
    return tag + AESGCM(key).encrypt(bytes(12), payload, None)


def read(said: Said, receiver: Given, context: bytes) -> tuple[dict[int, bytes], int]:
    """What the receiver learns: own index -> payload; and how many records of its keys do not open."""
    sealed, found, spoiled = {one[:16]: one[16:] for one in said.sender[1]}, {}, 0
    for index, answer in zip(receiver.order, said.sender[0], strict=True):
        tag, key = derive(times(answer, inverse(receiver.secret)), context)
        if tag in sealed:
            try:
                found[index] = AESGCM(key).decrypt(bytes(12), sealed[tag], None)
            except InvalidTag:
                spoiled += 1
    return found, spoiled


def run(sender: Given, payloads: list[bytes], receiver: Given, context: bytes) -> tuple[Said, dict[int, bytes]]:
    """Everything both sides say after the opening, and what the receiver learns."""
    dst, said = domain("PSI-PAYLOAD", context), Said()
    said.receiver.append([mask(digest, receiver.secret, dst) for digest in receiver.shuffled])
    said.sender.append([times(element, sender.secret) for element in said.receiver[0]])
    elements = [mask(digest, sender.secret, dst) for digest in sender.shuffled]
    said.sender.append(
        [record(element, payloads[index], context) for element, index in zip(elements, sender.order, strict=True)]
    )
    return said, read(said, receiver, context)[0]
