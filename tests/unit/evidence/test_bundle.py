"""The container: whole or refused, and the refusal says where."""

from __future__ import annotations

from hashlib import sha256

import pytest

from atoll.ledger.evidence import bundle as container
from atoll.ledger.evidence.bundle import encode_bundle, entry_digest, parse_bundle
from atoll.ledger.evidence.errors import DamagedBundle, IncompleteEvidence, MalformedEntry, UnexpectedEntry

ENTRIES = [("genesis", b"first"), ("consent of bureau", b"second entry"), ("block 7", b"\n\x00third")]
DATA = encode_bundle(ENTRIES)


def places(data: bytes) -> list[tuple[int, bool]]:
    """For each byte of DATA: the entry it belongs to, and whether the entry's name can still be read if it is changed."""
    lines = data[: data.index(b"end ")].splitlines(keepends=True)
    found: list[tuple[int, bool]] = []
    for number, line in enumerate(lines):
        entry = max(0, number - 1)  # the first two lines are the list's own
        found += [(entry, bool(entry) and not (at >= line.index(b'"') and at < len(line) - 1)) for at in range(len(line))]
    found += [(0, False)] * (4 + 64 + 1)
    for number, (_, body) in enumerate(ENTRIES, start=1):
        found += [(number, True)] * len(body)
    assert len(found) == len(data)
    return found


def test_what_is_packed_comes_out_again() -> None:
    assert [(one.number, one.name, one.body) for one in parse_bundle(DATA).entries] == [
        (1, "genesis", b"first"),
        (2, "consent of bureau", b"second entry"),
        (3, "block 7", b"\n\x00third"),
    ]


def test_a_bundle_begins_with_a_list_that_a_person_can_read() -> None:
    lines = DATA.split(b"\n")
    assert lines[0] == b"atoll-evidence/1"
    assert lines[1] == b"entries 3"
    assert lines[3].startswith(b"2 12 ") and lines[3].endswith(b' "consent of bureau"')
    head = DATA[: DATA.index(b"end ")]
    assert lines[5] == b"end " + sha256(head).hexdigest().encode()


def test_equal_entries_make_equal_bytes() -> None:
    assert encode_bundle(list(ENTRIES)) == DATA


@pytest.mark.parametrize("change", [lambda byte: byte ^ 1, lambda byte: byte ^ 0x80, lambda byte: 0x61, lambda byte: 0x0A])
def test_every_changed_byte_is_answered_with_its_entry(change: object) -> None:
    assert callable(change)
    for at, (entry, readable) in enumerate(places(DATA)):
        byte = change(DATA[at])
        if byte == DATA[at]:
            continue
        with pytest.raises(DamagedBundle) as caught:
            parse_bundle(DATA[:at] + bytes([byte]) + DATA[at + 1 :])
        assert caught.value.entry == entry, (at, DATA[at : at + 8])
        if readable:
            assert caught.value.name == ENTRIES[entry - 1][0], at
        if entry == 0:
            assert caught.value.name == "contents"


def test_a_bundle_cut_short_names_the_entry_that_is_cut() -> None:
    for cut in range(len(DATA)):
        with pytest.raises(DamagedBundle):
            parse_bundle(DATA[:cut])
    with pytest.raises(DamagedBundle, match=r"Entry 3 \(`block 7`\)"):
        parse_bundle(DATA[:-1])


def test_bytes_after_the_last_entry_are_refused() -> None:
    with pytest.raises(DamagedBundle, match="1 bytes follow after the last entry") as caught:
        parse_bundle(DATA + b"\n")
    assert caught.value.entry == 0


def test_a_digest_covers_number_name_and_length() -> None:
    assert (
        len(
            {
                entry_digest(1, "a b", b"c"),
                entry_digest(2, "a b", b"c"),
                entry_digest(1, "a ", b"bc"),
                entry_digest(1, "a b", b"d"),
            }
        )
        == 4
    )


def test_two_entries_of_one_name_are_refused() -> None:
    with pytest.raises(MalformedEntry, match="another entry has its name") as caught:
        parse_bundle(encode_bundle([("plan", b"one"), ("plan", b"two")]))
    assert caught.value.entry == 2


def test_an_entry_that_nobody_asked_for_is_refused() -> None:
    found = parse_bundle(DATA)
    found.need("genesis"), found.find("block 7")
    with pytest.raises(UnexpectedEntry, match="consent of bureau") as caught:
        found.need_all_read()
    assert caught.value.entry == 2
    found.need("consent of bureau")
    found.need_all_read()


def test_a_missing_entry_is_named() -> None:
    with pytest.raises(IncompleteEvidence, match="lacks the entry `consent of bank`"):
        parse_bundle(DATA).need("consent of bank")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("", b"x"),
        ("UPPER", b"x"),
        ('quo"te', b"x"),
        ("line\n", b"x"),
        ("a" * 161, b"x"),
        ("empty", b""),
        ("large", bytes((1 << 20) + 1)),
    ],
)
def test_only_what_can_be_read_again_is_packed(name: str, body: bytes) -> None:
    with pytest.raises(ValueError, match="no bundle holds"):
        encode_bundle([(name, body)])


def test_a_bundle_has_an_entry_at_least() -> None:
    with pytest.raises(ValueError, match="0 entries"):
        encode_bundle([])


def test_sizes_are_bounded_before_anything_is_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "MAX_BUNDLE_BYTES", len(DATA) - 1)
    with pytest.raises(DamagedBundle, match="more than"):
        parse_bundle(DATA)
    with pytest.raises(ValueError, match="no bundle has"):
        encode_bundle(ENTRIES)


def test_a_length_above_the_bound_is_the_fault_of_its_line() -> None:
    line = DATA.split(b"\n")[3]
    with pytest.raises(DamagedBundle, match="cannot be read") as caught:
        parse_bundle(DATA.replace(line, line.replace(b"2 12 ", b"2 1048577 ")))
    assert (caught.value.entry, caught.value.name) == (2, "consent of bureau")
