"""Whatever is sealed verifies; whatever is changed, anywhere, does not; whatever is thrown at the parser is answered."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.errors import AtollError
from atoll.trust.algorithms import Algorithm
from atoll.trust.envelope import MAX_KID_BYTES, Context, encode_aad, parse_envelope, seal_envelope, verify_envelope
from atoll.trust.keys import Purpose, SecretKey, parse_kid
from atoll.wire.cbor import encode

KEY = SecretKey(Purpose.IDENTITY, bytes(range(32)))
RECORD = KEY.record("bank", version=1, from_height=1)
GENESIS = bytes(32)
AAD = encode_aad("lagoon", GENESIS, Context.TRANSACTION)

payloads = st.binary(max_size=300)
chain_ids = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=64)
aads = st.builds(encode_aad, chain_ids, st.binary(min_size=32, max_size=32), st.sampled_from(Context))


def seal(payload: bytes, aad: bytes = AAD) -> bytes:
    return seal_envelope(payload, kid=RECORD.kid.encode(), algorithm=Algorithm.ED25519, sign=KEY.sign, aad=aad)


@given(payloads, aads)
def test_what_is_sealed_verifies_and_comes_back(payload: bytes, aad: bytes) -> None:
    envelope = parse_envelope(seal(payload, aad))
    assert envelope.payload == payload
    verify_envelope(envelope, RECORD, aad)


@given(payloads, aads, aads)
def test_it_verifies_for_one_consortium_and_context_only(payload: bytes, aad: bytes, other: bytes) -> None:
    envelope = parse_envelope(seal(payload, aad))
    if other != aad:
        with pytest.raises(AtollError):
            verify_envelope(envelope, RECORD, other)


@given(st.data(), payloads)
def test_one_flipped_bit_anywhere_is_noticed(data: st.DataObject, payload: bytes) -> None:
    sealed = bytearray(seal(payload))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(AtollError):
        verify_envelope(parse_envelope(bytes(sealed)), RECORD, AAD)


@given(st.data(), payloads)
def test_a_cut_or_a_longer_envelope_is_noticed(data: st.DataObject, payload: bytes) -> None:
    sealed = seal(payload)
    cut = data.draw(st.integers(0, len(sealed) - 1))
    tail = data.draw(st.binary(min_size=1, max_size=8))
    for odd in (sealed[:cut], sealed + tail):
        with pytest.raises(AtollError):
            parse_envelope(odd)


@given(st.binary(max_size=200))
def test_any_bytes_are_answered_with_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(AtollError):
        parse_envelope(data)


@settings(max_examples=300)
@given(st.binary(max_size=80) | st.builds(lambda tail: b"\xa2\x01" + tail, st.binary(max_size=80)))
def test_there_is_one_header_for_one_reading(protected: bytes) -> None:
    """Any header that is read is the one that would be written (or its twin with -19)."""
    try:
        envelope = parse_envelope(encode([protected, {}, b"", bytes(64)]))
    except AtollError:
        return
    again = parse_envelope(
        seal_envelope(b"", kid=envelope.kid, algorithm=envelope.alg, sign=lambda _: bytes(64), aad=AAD)
    ).protected
    assert protected in {again, again.replace(b"\xa2\x01\x27", b"\xa2\x01\x32", 1)}


@given(st.binary(min_size=1, max_size=MAX_KID_BYTES))
def test_every_key_name_within_bounds_is_carried(kid: bytes) -> None:
    sealed = seal_envelope(b"", kid=kid, algorithm=Algorithm.ED25519, sign=KEY.sign, aad=AAD)
    assert parse_envelope(sealed).kid == kid


@given(st.from_regex(r"[a-z][a-z0-9-]{0,39}", fullmatch=True), st.sampled_from(Purpose), st.integers(1, 2**31 - 1))
def test_a_key_name_is_read_as_it_is_written(org: str, purpose: Purpose, version: int) -> None:
    kid = f"{org}/{purpose}/{version}"
    assert str(parse_kid(kid.encode())) == kid
