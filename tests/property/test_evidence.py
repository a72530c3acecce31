"""Evidence under arbitrary damage: refused always, and the refusal names the entry that was touched."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.ledger.evidence.bundle import encode_bundle, parse_bundle
from atoll.ledger.evidence.errors import DamagedBundle, EvidenceError
from tests.unit.evidence.header_world import HeaderWorld
from tests.unit.evidence.world import World, pack, unpack


@functools.cache
def evidence(engine: str) -> tuple[World, bytes]:
    """Of an embedded ledger, or of one on CometBFT."""
    world = (World() if engine == "embedded" else HeaderWorld()).complete()
    return world, world.export()


ENGINES = st.sampled_from(["embedded", "cometbft"])


def entry_at(data: bytes, at: int) -> int:
    """The number of the entry that a byte of a bundle belongs to, in the list or in the bodies."""
    end = data.index(b"\nend ") + 1
    if at < end:
        return max(0, data.count(b"\n", 0, at) - 1)
    past = end + len(b"end ") + 64 + 1
    if at < past:
        return 0
    for number, body in enumerate(unpack(data).values(), start=1):
        past += len(body)
        if at < past:
            return number
    raise AssertionError("past the end")


@settings(max_examples=400, deadline=None)
@given(ENGINES, st.data())
def test_any_changed_byte_is_answered_with_its_entry(engine: str, draw: st.DataObject) -> None:
    world, data = evidence(engine)
    at = draw.draw(st.integers(0, len(data) - 1))
    byte = draw.draw(st.integers(0, 255).filter(lambda one: one != data[at]))
    with pytest.raises(DamagedBundle) as caught:
        world.verify(data[:at] + bytes([byte]) + data[at + 1 :])
    assert caught.value.entry == entry_at(data, at)


@settings(max_examples=200, deadline=None)
@given(ENGINES, st.data())
def test_any_changed_byte_is_found_even_if_all_digests_are_put_right(engine: str, draw: st.DataObject) -> None:
    world, data = evidence(engine)
    entries = unpack(data)
    name = draw.draw(st.sampled_from(list(entries)))
    body = entries[name]
    at = draw.draw(st.integers(0, len(body) - 1))
    byte = draw.draw(st.integers(0, 255).filter(lambda one: one != body[at]))
    with pytest.raises(EvidenceError) as caught:
        world.verify(pack(entries | {name: body[:at] + bytes([byte]) + body[at + 1 :]}))
    assert caught.value.name == name


@settings(max_examples=60, deadline=None)
@given(ENGINES, st.data())
def test_cut_doubled_and_shuffled_bundles_are_refused(engine: str, draw: st.DataObject) -> None:
    world, data = evidence(engine)
    cut = draw.draw(st.integers(0, len(data) - 1))
    for bad in (data[:cut], data[cut:] if cut else b"", data + data[:cut] if cut else data + data):
        with pytest.raises(EvidenceError):
            world.verify(bad)


@given(
    st.lists(
        st.tuples(st.from_regex(r"[a-z0-9][a-z0-9 ./-]{0,20}", fullmatch=True), st.binary(min_size=1, max_size=50)),
        min_size=1,
        max_size=8,
        unique_by=lambda one: one[0],
    )
)
def test_whatever_is_packed_comes_out_again(entries: list[tuple[str, bytes]]) -> None:
    data = encode_bundle(entries)
    assert [(one.name, one.body) for one in parse_bundle(data).entries] == entries
    assert [one.number for one in parse_bundle(data).entries] == list(range(1, len(entries) + 1))


@given(st.binary(max_size=300))
def test_nothing_but_a_bundle_is_a_bundle(data: bytes) -> None:
    with pytest.raises(DamagedBundle):
        parse_bundle(b"atoll-evidence/1\n" + data)
