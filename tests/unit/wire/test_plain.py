"""What people write as JSON becomes a message: hex for bytes, fields with a default may be left out."""

from __future__ import annotations

import pytest

from atoll.jobs.intersection import IntersectionSpec
from atoll.wire.errors import MessageError
from atoll.wire.plain import from_plain, to_plain

SIDE = {"org": "bank", "dataset": "bank/customers/1", "columns": ["id"], "normalisation": ["exact/1"], "rows_cap": 8}


def test_a_field_with_a_default_may_be_left_out() -> None:
    owner = SIDE | {"grants": [{"grant": "61" * 16, "version": 1}]}
    spec = from_plain(IntersectionSpec, {"receivers": [SIDE], "owners": [owner]})
    assert spec.keys_per_round == 0
    assert (spec.receivers[0].grants, spec.owners[0].grants[0].grant) == ((), b"a" * 16)


def test_a_field_without_a_default_may_not() -> None:
    with pytest.raises(MessageError, match="rows_cap"):
        from_plain(IntersectionSpec, {"receivers": [{name: SIDE[name] for name in SIDE if name != "rows_cap"}]})


def test_what_is_shown_reads_back_as_the_same_message() -> None:
    spec = from_plain(IntersectionSpec, {"receivers": [SIDE], "owners": [SIDE], "keys_per_round": 7})
    assert from_plain(IntersectionSpec, to_plain(spec)) == spec
