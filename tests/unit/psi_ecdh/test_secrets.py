"""What is derived from a seed, and what is not."""

from __future__ import annotations

from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.psi_ecdh import core

DIGESTS = b"ann, 16 bytes...bob, 16 bytes..."
CONTEXT = bytes(32)


def test_each_seed_leads_to_its_own_secret_and_blinders() -> None:
    """Attempts have fresh seeds, so no two runs share any."""
    seeds = [bytes(32), bytes([1] * 32), bytes([2] * 32)]
    tags = {core.tags_of_own(DIGESTS, core.derive_secret(seed), CONTEXT) for seed in seeds}
    asked = {core.questions(DIGESTS, core.derive_blinders(seed, range(2)), CONTEXT) for seed in seeds}
    assert len(tags) == len(asked) == len(seeds)
    assert core.tags_of_own(DIGESTS, core.derive_secret(seeds[1]), CONTEXT) in tags


def test_secret_blinders_order_and_seed_are_unrelated_streams() -> None:
    """Whoever learns the order of a run from matches learns nothing about its secrets."""
    seed = bytes([3] * 32)
    labels = ("psi-ecdh secret", "psi-ecdh blinders", "psi-ecdh order", "result opening", "intersection protocol")
    drawn = [SeededEntropy(seed).fork(label).bytes(64) for label in labels] + [SeededEntropy(seed).bytes(64)]
    assert len({one[:32] for one in drawn} | {one[32:] for one in drawn}) == 2 * len(drawn)
    assert core.derive_order(seed, 50).tolist() != core.derive_order(bytes([4] * 32), 50).tolist()
