"""Messages as JSON for people and web clients, and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from atoll.wire.errors import MessageError
from atoll.wire.plain import from_plain, to_plain
from tests.unit.message.specimen import SPECIMEN, Leaf, Specimen

PLAIN: dict[str, Any] = to_plain(SPECIMEN)


def test_a_message_survives_json() -> None:
    fields = PLAIN | {"document": {"any": [1]}}
    assert from_plain(Specimen, json.loads(json.dumps(fields))) == Specimen.from_map(
        SPECIMEN.to_map() | {"document": {"any": [1]}}
    )


def test_bytes_are_lower_case_hex_and_messages_are_their_maps() -> None:
    assert PLAIN["digest"] == "00" * 32
    assert PLAIN["blob"] == ""
    assert PLAIN["leaves"] == [{"size": 1}, {"size": 2}]
    assert PLAIN["document"] == {"any": [1, None, {"deep": "78"}]}
    assert to_plain(b"\xab") == "ab"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("digest", "zz" * 32),
        ("digest", "0" * 63),
        ("digest", "00" * 31),
        ("digest", 0),
        ("blob", [0]),
        ("number", "1"),
        ("number", True),
        ("number", 1.0),
        ("text", 1),
        ("name", "Bank"),
        ("flag", 1),
        ("colour", "green"),
        ("leaf", 1),
        ("leaf", {"size": "1"}),
        ("leaf", {}),
        ("leaves", []),
        ("leaves", {"size": 1}),
        ("leaves", [{"size": 1, "x": 1}]),
        ("names", "bank"),
        ("maybe", "1"),
        ("maybe_leaf", {"size": 99}),
        ("document", []),
        ("zebra", 1),
    ],
)
def test_a_json_value_is_read_as_strictly_as_bytes(name: str, value: Any) -> None:
    with pytest.raises(MessageError):
        from_plain(Specimen, PLAIN | {name: value})


@pytest.mark.parametrize("value", [None, 1, "x", []])
def test_what_is_no_object_is_no_message(value: Any) -> None:
    with pytest.raises(MessageError, match="not a map"):
        from_plain(Leaf, value)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(MessageError, match="size missing"):
        from_plain(Leaf, {})


def test_hex_that_is_none_names_its_field_and_not_its_value() -> None:
    with pytest.raises(MessageError) as caught:
        from_plain(Specimen, PLAIN | {"digest": "a secret"})
    assert (caught.value.field, "secret" in str(caught.value)) == ("digest", False)


def test_other_values_are_shown_as_they_are() -> None:
    assert to_plain((1, "x", None, True, [b"\0"])) == [1, "x", None, True, ["00"]]
