"""How many points and keys a second the kernels of the intersections handle: each kernel on one core, the best on all.

    make bench-psi-kernel

Time is that of the processor (user and system), because a busy machine stretches any other; the best of five. The costs that
`atoll.jobs.intersection` plans with rest on these figures. The last line is one JSON object.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable
from typing import Any

from atoll.primitives import elgamal, oblivious, ristretto, x25519
from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.oprf import SecretScalars
from atoll.primitives.ristretto import SecretScalar
from atoll.primitives.tags import TagSet, tags_packed
from atoll.protocols import psi_sum
from atoll.protocols.psi import DIGEST_BYTES, MemoryItems
from atoll.protocols.psi_ecdh import core
from atoll.protocols.psi_ecdh.params import MAX_POINTS_PER_FRAME, TAG_BYTES, TAG_DOMAIN
from atoll.protocols.pump import pump
from atoll.protocols.role import Party, Role

CONTEXT = bytes(32)
SUM_BITS = 40

CYCLES_LIMIT = {"ifma": 14_600, "ifma, Curve25519": 12_100}
"""Cycles that the instructions of one multiplication with its checks and encoding take at two a cycle, counted in the binary
(`rust/core/src/curve/mod.rs`, `x25519.rs`)."""


def rate(items: int, work: Callable[[], object]) -> int:
    """Items a second of processor time, the best of five."""
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return round(items / best)


def rate_of_search() -> int:
    """Steps a second of processor time of the search for a sum, by the best kernel."""
    key, blinding = (SecretScalars.derive(bytes(32), place, 1) for place in range(2))
    share = elgamal.decryption_share(elgamal.blind(elgamal.zero(), blinding), key)
    sought = elgamal.zero(), elgamal.public_key(key), share, blinding, (1 << (SUM_BITS - 1)) - 1
    return rate(elgamal.search_steps(SUM_BITS), lambda: elgamal.open_sum(*sought))


def rates_of_sums(items: int) -> dict[str, int]:
    """Rows a second of processor time, each side of `psi_sum`: equal sets, half of which match. The search is hardly in it."""
    seconds: dict[Party, float] = {}

    def timed(party: Party, role: Role[Any]) -> Role[Any]:
        answer = None
        while True:
            began = time.process_time()
            try:
                step = role.send(answer)
            except StopIteration:
                return
            finally:
                seconds[party] = seconds.get(party, 0.0) + time.process_time() - began
            answer = yield step

    bank, bureau = Party("receiver"), Party("owner")
    ours, theirs = (MemoryItems([b"%d" % row for row in range(first, first + items)]) for first in (0, items // 2))
    limits, terms = psi_sum.Limits(own_items=items, peer_items=items), psi_sum.Terms(total_bits=24)
    agreed: dict[str, Any] = {"context": CONTEXT, "limits": limits, "terms": terms}
    receiver = psi_sum.receiver(ours, me=bank, sender=bureau, seed=bytes([1] * 32), **agreed)
    sender = psi_sum.sender(theirs, lambda keys: bytes(8 * len(keys)), me=bureau, receiver=bank, seed=bytes([2] * 32), **agreed)
    pump({bank: timed(bank, receiver), bureau: timed(bureau, sender)})
    return {f"a row of a sum, {side}": round(items / seconds[side]) for side in (bank, bureau)}


def main(items: int = MAX_POINTS_PER_FRAME) -> None:
    secret = SecretScalar.from_wide(bytes(range(64)))
    domain = core.hash_domain(CONTEXT)
    digests = SeededEntropy(bytes(32)).bytes(DIGEST_BYTES * items)
    points = ristretto.blind_packed(digests, DIGEST_BYTES, secret, domain)
    clamped = x25519.ClampedSecret.from_bytes(bytes(range(32)))
    on_curve = oblivious.evaluate(digests, DIGEST_BYTES, clamped, domain)
    blinders = oblivious.SecretScalars.derive(bytes(32), 0, items)
    asked = oblivious.blind(digests, DIGEST_BYTES, blinders, domain)
    answers = oblivious.answer(asked, clamped)
    tags = tags_packed(points, TAG_DOMAIN + CONTEXT, TAG_BYTES)
    works: dict[str, Callable[[], object]] = {}
    for kernel in ristretto.kernels():
        works[f"check, multiply, encode; {kernel}"] = lambda kernel=kernel: ristretto.multiply(
            points, secret, threads=1, kernel=kernel
        )
        works[f"hash, multiply, encode; {kernel}"] = lambda kernel=kernel: ristretto.blind_packed(
            digests, DIGEST_BYTES, secret, domain, threads=1, kernel=kernel
        )
        works[f"check, multiply, Curve25519; {kernel}"] = lambda kernel=kernel: x25519.multiply(
            on_curve, clamped, threads=1, kernel=kernel
        )
        works[f"hash, multiply, Curve25519; {kernel}"] = lambda kernel=kernel: oblivious.evaluate(
            digests, DIGEST_BYTES, clamped, domain, threads=1, kernel=kernel
        )
        works[f"decode, multiply, encode, Curve25519; {kernel}"] = lambda kernel=kernel: oblivious.answer(
            asked, clamped, threads=1, kernel=kernel
        )
        works[f"hash, fixed base, encode; {kernel}"] = lambda kernel=kernel: oblivious.blind(
            digests, DIGEST_BYTES, blinders, domain, threads=1, kernel=kernel
        )
        public = oblivious.ObliviousKey.from_point(oblivious.public_key(clamped), kernel)
        works[f"decode, fixed base; {kernel}"] = lambda public=public: oblivious.unblind(answers, blinders, public, threads=1)
    works["shorten to tags"] = lambda: tags_packed(points, TAG_DOMAIN + CONTEXT, TAG_BYTES, threads=1)
    works["note and compare tags"] = lambda: TagSet(TAG_BYTES, bytes(32)).add(tags)
    context = [{"name": name, "ours": rate(items, work), "unit": "items/s of one core"} for name, work in works.items()]
    context.append({"name": f"search for a sum of {SUM_BITS} bits", "ours": rate_of_search(), "unit": "steps/s of one core"})
    sums = rates_of_sums(items)
    context += [{"name": name, "ours": rows, "unit": "rows/s of one core"} for name, rows in sums.items()]
    for one in context:
        print(f"{one['name']:48} {one['ours']:>12,} {one['unit']}", file=sys.stderr)
    machine = {"processor": platform.machine(), "python": platform.python_version(), "kernels": ristretto.kernels()}
    print(
        json.dumps({"bench": "psi-kernel", "machine": machine, "figures": [], "context": context, "limit_cycles": CYCLES_LIMIT})
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
