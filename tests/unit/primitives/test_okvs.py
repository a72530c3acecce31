"""Key-value stores and the pseudorandom function on them, through Python."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from atoll.primitives import okvs, vole_oprf
from atoll.primitives.errors import StoreError, TagOrderError

ROWS, FILLER = hashlib.sha256(b"rows").digest(), hashlib.sha256(b"filler").digest()


def digests(count: int, label: str = "") -> bytes:
    return b"".join(hashlib.sha256(f"{label}{i}".encode()).digest()[:16] for i in range(count))


@pytest.mark.parametrize("value_bytes", [8, 16])
@pytest.mark.parametrize("count", [0, 1, 100, 20_000])
def test_every_key_decodes_to_its_value(count: int, value_bytes: int) -> None:
    keys, values = digests(count), hashlib.shake_256(b"values").digest(count * value_bytes)
    store = okvs.encode(keys, values, keys=count + 5, row_seed=ROWS, filler_seed=FILLER, value_bytes=value_bytes)
    assert len(store) == okvs.store_bytes(count + 5, value_bytes)
    assert okvs.decode(keys, store, keys=count + 5, row_seed=ROWS, value_bytes=value_bytes) == values


def test_free_columns_follow_the_filler_seed() -> None:
    def encode(seed: bytes) -> bytes:
        return okvs.encode(b"", b"", keys=1000, row_seed=ROWS, filler_seed=seed, value_bytes=16)

    store = encode(FILLER)
    assert store == encode(FILLER) != encode(ROWS)
    assert len({store[at : at + 16] for at in range(0, len(store), 16)}) == len(store) // 16, "no zeros show a free column"


def test_threads_change_nothing() -> None:
    keys, values = digests(40_000), hashlib.shake_256(b"values").digest(40_000 * 16)
    stores = {
        okvs.encode(keys, values, keys=40_000, row_seed=ROWS, filler_seed=FILLER, value_bytes=16, threads=threads)
        for threads in (1, 2, 5)
    }
    assert len(stores) == 1


@pytest.mark.parametrize("keys", [digests(11), digests(5) + digests(5)])
def test_too_many_keys_and_a_key_twice_do_not_fit(keys: bytes) -> None:
    values = hashlib.shake_256(b"values").digest(len(keys))
    with pytest.raises(StoreError):
        okvs.encode(keys, values, keys=10, row_seed=ROWS, filler_seed=FILLER, value_bytes=16)


def test_one_key_more_than_announced_does_not_fit_where_the_clusters_have_room() -> None:
    keys, values = digests(20_001), bytes(16 * 20_001)
    with pytest.raises(StoreError):
        okvs.encode(keys, values, keys=20_000, row_seed=ROWS, filler_seed=FILLER, value_bytes=16)


@pytest.mark.parametrize(
    "call",
    [
        lambda: okvs.store_bytes(10, 12),
        lambda: okvs.store_bytes(-1, 16),
        lambda: okvs.store_bytes((1 << 30) + 1, 16),
        lambda: okvs.encode(b"short", b"", keys=10, row_seed=ROWS, filler_seed=FILLER, value_bytes=16),
        lambda: okvs.encode(digests(2), bytes(16), keys=10, row_seed=ROWS, filler_seed=FILLER, value_bytes=16),
        lambda: okvs.decode(digests(2), bytes(16), keys=10, row_seed=ROWS, value_bytes=16),
        lambda: vole_oprf.instance_bytes(10, subfield=True, malicious=True),
        lambda: vole_oprf.sorted_tags(bytes(15), 8),
        lambda: vole_oprf.sorted_tags(bytes(16), 17),
        lambda: vole_oprf.match_sorted_tags(bytes(16), bytes(9), 8),
    ],
)
def test_what_has_no_meaning_is_refused(call: Callable[[], object]) -> None:
    with pytest.raises((ValueError, OverflowError)):
        call()


@pytest.mark.parametrize(("subfield", "malicious"), [(False, False), (True, False), (False, True)])
def test_both_sides_compute_the_same_function(subfield: bool, malicious: bool) -> None:
    common, own, other = digests(50), digests(20, "own"), digests(30, "other")
    length = vole_oprf.instance_bytes(80, subfield=subfield, malicious=malicious)
    ours, theirs = vole_oprf.VectorSetup(bytes([1] * 32), b"job"), vole_oprf.DeltaSetup(bytes([2] * 32), b"job")
    first = theirs.send_0()
    ours.receive_0(first)
    second = ours.send_1()
    theirs.receive_1(second)
    assert (len(first), len(second)) == vole_oprf.setup_bytes()
    receiver = vole_oprf.OprfReceiver(ours, 0, ROWS, 80, subfield=subfield, malicious=malicious)
    sender = vole_oprf.OprfSender(theirs, 0, ROWS, 80, subfield=subfield, malicious=malicious)
    receiver.encode(common + own)
    said = [receiver.send_0()]
    sender.receive_0(said[0])
    said.append(sender.send_1())
    receiver.receive_1(said[1])
    if malicious:
        said.append(receiver.send_2())
        sender.receive_2(said[2])
        said.append(sender.send_3())
        receiver.receive_3(said[3])
    sender.expand()
    receiver.expand()
    masked = receiver.mask()
    assert (*map(len, said),) == length.vole and len(masked) == length.masked
    sender.receive_masked(masked)
    coin = bytes(range(16)) if malicious else None
    at_receiver, at_sender = receiver.evaluate(coin), sender.evaluate(other + common, coin)
    assert at_receiver[:800] == at_sender[480:]
    if malicious:
        assert receiver.evaluate(bytes(16)) != at_receiver, "the coin counts"
    tags = vole_oprf.sorted_tags(at_sender, 10)
    assert tags == b"".join(sorted(at_sender[at : at + 10] for at in range(0, len(at_sender), 16)))
    places = vole_oprf.match_sorted_tags(at_receiver, tags, 10)
    assert places == b"".join(place.to_bytes(4, "little") for place in range(50))
    with pytest.raises(TagOrderError):
        vole_oprf.match_sorted_tags(at_receiver, tags[10:] + tags[:10], 10)
