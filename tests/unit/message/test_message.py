"""A message cannot be wrong: what its class does not say is refused, and there is one encoding of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

import pytest

from atoll.wire.cbor import decode, encode
from atoll.wire.errors import CborError, MessageError
from atoll.wire.message import MAX_MESSAGE_BYTES, Document, Message, Size, encode_message, parse_message
from tests.unit.message.specimen import FIELDS, SPECIMEN, Colour, Leaf, Specimen

MAP = SPECIMEN.to_map()

# -- out and back --------------------------------------------------------------------------------------------------------------


def test_a_message_comes_back_as_it_went() -> None:
    back = parse_message(encode_message(SPECIMEN), Specimen)
    assert back == SPECIMEN
    assert (type(back.colour), type(back.leaves), type(back.leaf)) == (Colour, tuple, Leaf)


def test_its_encoding_is_its_tag_and_its_map() -> None:
    assert encode_message(Leaf(size=7)).hex() == "82666c6561662f31a16473697a6507"
    assert decode(encode_message(SPECIMEN)) == ["specimen/1", MAP]
    assert MAP["leaf"] == {"size": 1}


def test_nothing_stands_for_a_field_that_may_be_absent() -> None:
    assert MAP["maybe"] is None
    fields = dict(MAP)
    del fields["maybe"]
    with pytest.raises(MessageError, match="maybe missing"):
        Specimen.from_map(fields)


# -- bounds, when it is made and when it is read -------------------------------------------------------------------------------

BAD: dict[str, list[Any]] = {
    "number": [-6, 6, True, False, "1", None, b"\1", 1.0],
    "digest": [b"", bytes(31), bytes(33), "0" * 32, bytearray(32), None],
    "blob": [bytes(5), "", 0, None],
    "text": ["", "xxxx", b"x", 1, None, Colour.RED],
    "name": ["", "Bank", "1bank", "bank_", "b" * 41, "bank\n", "b\u00e4nk", " bank", "bank/1"],
    "letters": ["a", "ababa", "abc", "AB", "ab\n"],
    "flag": [0, 1, None, "true"],
    "colour": ["green", "RED", "", 1, None, b"red", [], {}],
    "leaf": [None, 1, [], "leaf"],
    "leaves": [None, 1, "xx", {}],
    "names": [None, "ab", {}, b"ab"],
    "maybe": [-1, True, 2**53 + 1, "1"],
    "maybe_leaf": [1, [], "leaf", False],
    "document": [None, 1, [], "x"],
}
CASES = [(name, value) for name, values in BAD.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CASES)
def test_a_field_of_another_type_or_out_of_bounds_is_refused_when_it_is_read(name: str, value: Any) -> None:
    with pytest.raises(MessageError) as caught:
        Specimen.from_map(MAP | {name: value})
    assert caught.value.field.startswith(name) or caught.value.message == "Leaf"


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, value in CASES if value not in ("green", "red")])
def test_it_is_refused_when_it_is_made_too(name: str, value: Any) -> None:
    with pytest.raises(MessageError):
        Specimen(**FIELDS | {name: value})


def test_what_is_read_is_not_taken_for_what_is_made() -> None:
    """Arrays on the wire are tuples in a message, texts are members of an enumeration, maps are messages."""
    for name, value in (("leaves", [Leaf(size=1)]), ("colour", "red"), ("leaf", {"size": 1})):
        with pytest.raises(MessageError):
            Specimen(**FIELDS | {name: value})


@pytest.mark.parametrize("leaves", [(), (Leaf(size=1),) * 4])
def test_a_tuple_has_its_bounds(leaves: tuple[Leaf, ...]) -> None:
    with pytest.raises(MessageError, match=f"length {len(leaves)}, must be 1 to 3"):
        replace(SPECIMEN, leaves=leaves)
    with pytest.raises(MessageError, match=f"length {len(leaves)}, must be 1 to 3"):
        Specimen.from_map(MAP | {"leaves": [one.to_map() for one in leaves]})


def test_the_items_of_a_tuple_have_theirs() -> None:
    with pytest.raises(MessageError, match="item 1"):
        Specimen.from_map(MAP | {"names": ["bank", "Bureau"]})
    with pytest.raises(MessageError, match="item 0: not a Leaf"):
        replace(SPECIMEN, leaves=(1,))  # type: ignore[arg-type]


@pytest.mark.parametrize("leaf", [{}, {"size": 0}, {"size": 10}, {"size": True}, {"size": 1, "more": 1}, {"Size": 1}])
def test_a_message_within_a_message_is_as_strict(leaf: dict[str, Any]) -> None:
    for fields in ({"leaf": leaf}, {"leaves": [{"size": 1}, leaf]}, {"maybe_leaf": leaf}):
        with pytest.raises(MessageError, match="Leaf"):
            Specimen.from_map(MAP | fields)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_every_field_must_be_there(name: str) -> None:
    fields = dict(MAP)
    del fields[name]
    with pytest.raises(MessageError, match=f"{name} missing"):
        Specimen.from_map(fields)


def test_no_other_field_may_be_there() -> None:
    with pytest.raises(MessageError, match="zebra unknown"):
        Specimen.from_map(MAP | {"zebra": 1})
    with pytest.raises(MessageError, match="missing"):
        Specimen.from_map({})


def test_a_long_unknown_name_is_cut_in_the_error() -> None:
    with pytest.raises(MessageError) as caught:
        Leaf.from_map({"size": 1, "a" * 10_000: 1})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("value", [None, 1, [], "x", [("size", 1)]])
def test_what_is_no_map_is_no_message(value: Any) -> None:
    with pytest.raises(MessageError, match="not a map"):
        Leaf.from_map(value)


def test_edges_are_within() -> None:
    edges: list[dict[str, Any]] = [{"number": -5}, {"number": 5}, {"text": "xyz"}, {"blob": bytes(4)}, {"maybe": 2**53}]
    for edge in edges:
        message = replace(SPECIMEN, **edge)
        assert parse_message(encode_message(message), Specimen) == message


def test_the_length_of_a_text_is_counted_in_characters() -> None:
    assert replace(SPECIMEN, text="\u00e4\U0001f30a\u4e2d").text == "\u00e4\U0001f30a\u4e2d"


# -- bytes ---------------------------------------------------------------------------------------------------------------------


def test_a_message_of_another_tag_is_not_expected() -> None:
    with pytest.raises(MessageError, match="'leaf/1' is not expected here"):
        parse_message(encode_message(Leaf(size=1)), Specimen)
    assert parse_message(encode_message(Leaf(size=1)), Specimen, Leaf) == Leaf(size=1)


@pytest.mark.parametrize(
    "value", [None, 1, {}, [], ["leaf/1"], ["leaf/1", {"size": 1}, 0], [1, {"size": 1}], [b"leaf/1", {"size": 1}]]
)
def test_what_is_no_tagged_message_is_refused(value: Any) -> None:
    with pytest.raises(MessageError, match="not a tagged message"):
        parse_message(encode(value), Leaf)


@pytest.mark.parametrize(
    "data",
    [
        "82666c6561662f31a16473697a651807",  # a longer number
        "82666c6561662f31bf6473697a6507ff",  # an indefinite map
        "9f666c6561662f31a16473697a6507ff",  # an indefinite array
        "82666c6561662f31a26473697a65076473697a6507",  # the field twice
        "82666c6561662f31a16473697a650700",  # a byte after it
        "82666c6561662f31a16473697a65",  # a byte less
        "82666c6561662f31a16473697a65f94700",  # 7.0
        "82666c6561662f31a16473697a65c24107",  # a big number
        "82786c6561662f31a16473697a6507",  # a broken tag
        "",
    ],
)
def test_there_is_one_encoding_of_a_message(data: str) -> None:
    with pytest.raises(CborError):
        parse_message(bytes.fromhex(data), Leaf)


def test_a_message_has_its_greatest_size() -> None:
    fits = Bulk(data=bytes(59_900))
    assert parse_message(encode_message(fits), Bulk) == fits
    with pytest.raises(MessageError, match=f"at most {MAX_MESSAGE_BYTES}"):
        encode_message(Bulk(data=bytes(60_000)))
    with pytest.raises(CborError):
        parse_message(encode([Bulk.TAG, {"data": bytes(60_000)}]), Bulk)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk(Message):
    TAG: ClassVar[str] = "bulk/1"

    data: Annotated[bytes, Size(0, 63_000)]


def test_a_text_that_could_be_written_in_two_ways_is_not_written() -> None:
    """`e` with a combining accent is equal to the accented letter for people, not for a hash."""
    with pytest.raises(CborError):
        encode_message(replace(SPECIMEN, text="e\u0301"))


# -- classes -------------------------------------------------------------------------------------------------------------------


def _class(hint: Any) -> Any:
    return dataclass(frozen=True, slots=True, kw_only=True)(type("Odd", (Message,), {"__annotations__": {"field": hint}}))


@pytest.mark.parametrize(
    "hint", [int, bytes, str, tuple[int, ...], float, dict, int | str, Annotated[float, Size(1)], list[int]]
)
def test_a_class_cannot_leave_a_field_without_bounds(hint: Any) -> None:
    with pytest.raises(TypeError):
        _class(hint)(field=1)


def test_a_document_is_a_map_whose_reader_checks_the_rest() -> None:
    odd = _class(Document)
    assert odd(field={"x": [1]}).to_map() == {"field": {"x": [1]}}
    with pytest.raises(MessageError):
        odd(field=[1])


def test_messages_are_values() -> None:
    assert Leaf(size=1) == Leaf(size=1) != Leaf(size=2)
    assert len({Leaf(size=1), Leaf(size=1)}) == 1
    with pytest.raises(AttributeError):
        Leaf(size=1).size = 2  # type: ignore[misc]
