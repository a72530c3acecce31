"""What holds for every pair of sets, and how often a store really fails."""

from __future__ import annotations

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.primitives import okvs
from atoll.primitives.errors import StoreError
from atoll.protocols.psi import MemoryItems
from atoll.protocols.psi_rr22 import FAST, LOW_COMMUNICATION, MALICIOUS, SEMI_HONEST, Limits, receiver, sender
from atoll.protocols.pump import pump
from atoll.protocols.role import Party

SENDER, RECEIVER = Party("owner"), Party("receiver")
KEYS = st.lists(st.one_of(st.none(), st.binary(max_size=1), st.binary(max_size=80)), max_size=12)
SEED = st.binary(min_size=32, max_size=32)
FORM = st.sampled_from([(SEMI_HONEST, FAST), (SEMI_HONEST, LOW_COMMUNICATION), (MALICIOUS, FAST)])


@given(ours=KEYS, theirs=KEYS, seeds=st.tuples(SEED, SEED), form=FORM)
@settings(max_examples=40, deadline=None)
def test_the_receiver_gets_exactly_its_rows_that_both_have(
    ours: list[bytes | None], theirs: list[bytes | None], seeds: tuple[bytes, bytes], form: tuple[str, str]
) -> None:
    limits, context = Limits(own_items=12, peer_items=12), bytes(32)
    mode, variant = form
    matches = pump(
        {
            RECEIVER: receiver(
                MemoryItems(ours),
                me=RECEIVER,
                sender=SENDER,
                seed=seeds[0],
                context=context,
                limits=limits,
                mode=mode,
                variant=variant,
            ),
            SENDER: sender(
                MemoryItems(theirs),
                me=SENDER,
                receiver=RECEIVER,
                seed=seeds[1],
                context=context,
                limits=limits,
                mode=mode,
                variant=variant,
            ),
        }
    )[RECEIVER]
    expected = [row for row, key in enumerate(ours) if key is not None and key in theirs]
    assert list(memoryview(matches.rows).cast("I")) == expected
    assert matches.keys == len({ours[row] for row in expected})


@given(
    keys=st.sets(st.binary(min_size=16, max_size=16), max_size=40),
    value_bytes=st.sampled_from([8, 16]),
    seeds=st.tuples(SEED, SEED),
)
@settings(max_examples=80, deadline=None)
def test_a_store_gives_back_every_value(keys: set[bytes], value_bytes: int, seeds: tuple[bytes, bytes]) -> None:
    digests = b"".join(sorted(keys))
    values = hashlib.shake_256(seeds[0]).digest(len(keys) * value_bytes)
    rows = hashlib.sha256(seeds[0]).digest()
    store = okvs.encode(digests, values, keys=len(keys), row_seed=rows, filler_seed=seeds[1], value_bytes=value_bytes)
    assert okvs.decode(digests, store, keys=len(keys), row_seed=rows, value_bytes=value_bytes) == values


def test_a_store_fails_no_more_often_than_its_bound_says() -> None:
    """At bounds that a test can count: 2^-3 and 2^-6 of 2,000 seeds, and four deviations for chance."""
    keys = 1000
    digests = b"".join(hashlib.sha256(b"%d" % i).digest()[:16] for i in range(keys))
    values = bytes(16 * keys)
    for failure_bits in (3, 6):
        failures = 0
        for trial in range(2000):
            rows = hashlib.sha256(b"trial %d" % trial).digest()
            try:
                okvs.encode(
                    digests,
                    values,
                    keys=keys,
                    row_seed=rows,
                    filler_seed=rows,
                    value_bytes=16,
                    failure_bits=failure_bits,
                    threads=1,
                )
            except StoreError:
                failures += 1
        expected = 2000 / 2**failure_bits
        assert failures <= expected + 4 * expected**0.5, f"{failures} of 2000 at 2^-{failure_bits}"
