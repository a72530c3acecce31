"""Values at rest: they open under their own name and this node's key, whole, or not at all."""

from __future__ import annotations

import pytest

from atoll.primitives.drbg import SeededEntropy
from atoll.storage.errors import StoreCorrupt
from atoll.storage.sealed import KEY_BYTES, NONCE_BYTES, Sealer

VALUE = b"the secret of job 01"


def sealer(seed: int = 1) -> Sealer:
    return Sealer(bytes([seed]) * KEY_BYTES, SeededEntropy(bytes([seed]) * 32))


def test_a_value_opens_under_its_own_name() -> None:
    one = sealer()
    for value in (VALUE, b"", bytes(100_000)):
        assert one.open("job/01", one.seal("job/01", value)) == value


def test_it_does_not_open_under_another_name() -> None:
    one = sealer()
    sealed = one.seal("job/01", VALUE)
    for name in ("job/02", "job/0", "", "JOB/01"):
        with pytest.raises(StoreCorrupt, match="does not open"):
            one.open(name, sealed)


def test_it_does_not_open_under_another_key() -> None:
    with pytest.raises(StoreCorrupt):
        sealer(2).open("job/01", sealer(1).seal("job/01", VALUE))


def test_one_flipped_bit_anywhere_is_noticed() -> None:
    one = sealer()
    sealed = one.seal("job/01", VALUE)
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(StoreCorrupt):
            one.open("job/01", bytes(changed))


def test_a_value_cut_short_or_made_longer_does_not_open() -> None:
    one = sealer()
    sealed = one.seal("job/01", VALUE)
    for odd in (*(sealed[:length] for length in range(len(sealed))), sealed + b"\0"):
        with pytest.raises(StoreCorrupt):
            one.open("job/01", odd)


def test_each_sealing_has_a_nonce_of_its_own() -> None:
    one = sealer()
    sealed = [one.seal("job/01", VALUE) for _ in range(50)]
    assert len({value[:NONCE_BYTES] for value in sealed}) == 50
    assert len(set(sealed)) == 50


def test_nothing_of_the_value_or_the_key_is_shown() -> None:
    one = sealer()
    assert VALUE not in one.seal("job/01", VALUE)
    assert repr(one) == str(one) == "Sealer(...)"
    with pytest.raises(StoreCorrupt) as caught:
        one.open("job/01", b"")
    assert "job/01" in str(caught.value)


@pytest.mark.parametrize("length", [0, 15, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="AESGCM key"):
        Sealer(bytes(length), SeededEntropy(bytes(32)))
