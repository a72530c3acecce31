"""Any message comes back as it went; any bytes that are read are the one encoding of what was read."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.errors import InputError
from atoll.wire.message import encode_message, parse_message
from atoll.wire.plain import from_plain, to_plain
from tests.unit.message.specimen import SPECIMEN, Colour, Leaf, Specimen

ascii_text = st.text(st.characters(codec="ascii"), min_size=1, max_size=3)
names = st.from_regex(r"[a-z][a-z0-9-]{0,39}", fullmatch=True)
leaves = st.builds(Leaf, size=st.integers(1, 9))
specimens = st.builds(
    Specimen,
    number=st.integers(-5, 5),
    digest=st.binary(min_size=32, max_size=32),
    blob=st.binary(max_size=4),
    text=ascii_text,
    name=names,
    letters=st.text("ab", min_size=2, max_size=4),
    flag=st.booleans(),
    colour=st.sampled_from(Colour),
    leaf=leaves,
    leaves=st.lists(leaves, min_size=1, max_size=3).map(tuple),
    names=st.lists(names, max_size=2).map(tuple),
    maybe=st.none() | st.integers(0, 2**53),
    maybe_leaf=st.none() | leaves,
    document=st.dictionaries(ascii_text, st.none() | st.booleans() | st.integers(0, 9) | ascii_text, max_size=2),
)
GOOD = encode_message(SPECIMEN)


@settings(deadline=None)
@given(specimens)
def test_any_message_comes_back_from_bytes_and_from_json(message: Specimen) -> None:
    assert parse_message(encode_message(message), Specimen) == message
    assert from_plain(Specimen, to_plain(message)) == message


@settings(deadline=None)
@given(specimens, specimens)
def test_two_messages_are_equal_exactly_if_their_bytes_are(one: Specimen, other: Specimen) -> None:
    assert (one == other) is (encode_message(one) == encode_message(other))


@settings(deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=3))
def test_what_is_read_from_changed_bytes_encodes_to_these_bytes(at: int, patch: bytes) -> None:
    changed = (GOOD[:at] + patch + GOOD[at + len(patch) :])[: len(GOOD)]
    try:
        found = parse_message(changed, Specimen)
    except InputError:
        return
    assert encode_message(found) == changed


plain_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["size", "x"]), inner, max_size=2),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.sampled_from(sorted(SPECIMEN.to_map())), plain_values)
def test_any_json_in_a_field_is_answered(name: str, value: Any) -> None:
    try:
        found = from_plain(Specimen, to_plain(SPECIMEN) | {name: value})
    except InputError:
        return
    assert isinstance(found, Specimen)
