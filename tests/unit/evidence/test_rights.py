"""Who held what: shown from the root down after any past block, and all states of a right; nothing can be left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger import chain
from atoll.ledger.evidence import RightsFinding, export_right_history, export_rights, verify_rights
from atoll.ledger.evidence.errors import (
    Contradiction,
    DamagedBundle,
    EvidenceError,
    ForeignConsortium,
    IncompleteEvidence,
    NoRights,
    NotProven,
    UnexpectedEntry,
)
from atoll.ledger.evidence.parts import encode_part
from atoll.ledger.evidence.rights import STATEMENT, RightsStatement
from atoll.ledger.records import FOREVER, Right, RightKind, root_right_id
from atoll.ledger.rules.right import FreezeRight, GrantRight, RevokeRight, TransferRight, UnfreezeRight
from tests.unit.evidence.world import World, pack, unpack

LINEAGE = "bureau/files"
ROOT = root_right_id(LINEAGE)
OPERATION = b"\x71" * 16


def at(right: bytes, height: int) -> str:
    """What the entry of a right's record is called."""
    return f"right {right.hex()} at block {height}"


def given(right: bytes = OPERATION, **changes: object) -> GrantRight:
    body = GrantRight(right=right, parent=ROOT, holder="bank", kind=RightKind.OPERATION, not_before=0, not_after=FOREVER)
    return replace(body, **changes)  # type: ignore[arg-type]  # each is of its field


class Story:
    """Registered, given, frozen, unfrozen, passed on, revoked; and at which heights."""

    def __init__(self) -> None:
        self.world = World().register()
        self.registered = self.world.ledger.height
        self.steps = {
            "given": self._do("bureau", given()),
            "frozen": self._do("bureau", FreezeRight(right=OPERATION)),
            "unfrozen": self._do("bureau", UnfreezeRight(right=OPERATION)),
            "sold": self._do("bureau", TransferRight(right=ROOT, version=2, to="auditor")),
            "revoked": self._do("auditor", RevokeRight(right=OPERATION)),
        }
        for _ in range(3):
            self.world.block()

    def _do(self, org: str, body: object) -> int:
        self.world.do(org, body)
        return self.world.ledger.height

    def holders(self, height: int | None = None) -> RightsFinding:
        """The verified file, as a stranger sees it."""
        data, _ = export_rights(self.world, LINEAGE, height=height)
        return verify_rights(data, self.world.trust)

    def history(self, right: bytes = OPERATION) -> RightsFinding:
        data, _ = export_right_history(self.world, right)
        return verify_rights(data, self.world.trust)


def told(finding: RightsFinding) -> list[tuple[str, str, str]]:
    """Kind, holder, and whether it held."""
    return [(one.right.kind, one.right.holder, "fell" if one.fell else "held") for one in finding.held]


def test_who_held_what_can_be_asked_of_any_past_block() -> None:
    story = Story()
    assert told(story.holders(story.registered)) == [("holding", "bureau", "held")]
    assert told(story.holders(story.steps["given"])) == [("holding", "bureau", "held"), ("operation", "bank", "held")]
    assert told(story.holders(story.steps["frozen"])) == [("holding", "bureau", "held"), ("operation", "bank", "fell")]
    assert told(story.holders(story.steps["sold"])) == [("holding", "auditor", "held"), ("operation", "bank", "held")]
    assert told(story.holders()) == [("holding", "auditor", "held"), ("operation", "bank", "fell")]


def test_a_history_shows_every_state_that_a_right_has_had() -> None:
    story = Story()
    found = story.history()
    assert [one.height for one in found.held] == [story.steps[one] for one in ("given", "frozen", "unfrozen", "revoked")]
    assert [one.right.state.value for one in found.held] == ["active", "frozen", "active", "revoked"]
    assert [one.right.holder for one in story.history(ROOT).held] == ["bureau", "bureau", "auditor"]


@pytest.mark.parametrize("remembered", [1, 3, 5])
def test_what_is_out_of_memory_is_found_by_carrying_the_ledger_out_again(
    monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    story = Story()
    expected = (story.history(), story.history(ROOT), story.holders(story.registered))
    monkeypatch.setattr(chain, "HISTORY_HEIGHTS", remembered)
    story.world.ledger._remember()  # forgets all but the newest
    assert (story.history(), story.history(ROOT), story.holders(story.registered)) == expected


def test_two_changes_in_one_block_leave_one_state() -> None:
    world = World().register()
    world.block(world.founding.sign("bureau", given()), world.founding.sign("bureau", FreezeRight(right=OPERATION)))
    found = verify_rights(export_right_history(world, OPERATION)[0], world.trust)
    assert [(one.right.version, one.right.state.value) for one in found.held] == [(2, "frozen")]


def test_nothing_is_shown_of_what_was_not_there() -> None:
    story = Story()
    for lineage, height in ((LINEAGE, 0), ("bank/nothing", None), (LINEAGE, 10_000)):
        with pytest.raises(NoRights):
            export_rights(story.world, lineage, height=height)
    with pytest.raises(NoRights):
        export_right_history(story.world, b"\x01" * 16)


# -- lies ----------------------------------------------------------------------------------------------------------------------


def refused(error: type[EvidenceError], story: Story, entries: dict[str, bytes]) -> str:
    with pytest.raises(error) as caught:
        verify_rights(pack(entries), story.world.trust)
    return str(caught.value)


def test_a_right_that_lived_cannot_be_left_out() -> None:
    story = Story()
    entries = unpack(export_rights(story.world, LINEAGE, height=story.steps["given"])[0])
    name = at(OPERATION, story.steps["given"])
    del entries[name]
    assert name in refused(IncompleteEvidence, story, entries)


def test_a_past_state_cannot_be_left_out_of_a_history() -> None:
    story = Story()
    entries = unpack(export_right_history(story.world, OPERATION)[0])
    name = at(OPERATION, story.steps["frozen"] - 1)
    for put in (None, entries[at(OPERATION, story.steps["given"] - 1)], entries[at(OPERATION, story.steps["revoked"] - 1)]):
        changed = {key: value for key, value in entries.items() if key != name} | ({name: put} if put else {})
        refused(IncompleteEvidence if put is None else NotProven, story, changed)


def test_an_older_state_is_not_passed_off_as_a_newer_one() -> None:
    story = Story()
    old, new = (unpack(export_rights(story.world, LINEAGE, height=story.steps[one])[0]) for one in ("given", "frozen"))
    name = at(OPERATION, story.steps["frozen"])
    refused(NotProven, story, new | {name: old[at(OPERATION, story.steps["given"])]})


def test_the_rights_of_one_lineage_are_not_passed_off_as_those_of_another() -> None:
    story = Story()
    entries = unpack(export_rights(story.world, LINEAGE)[0])
    height = story.world.ledger.height
    other = RightsStatement(lineage="bank/customers", right=b"", height=height)
    refused(IncompleteEvidence, story, entries | {STATEMENT: encode_part(other)})
    history = unpack(export_right_history(story.world, OPERATION)[0])
    refused(Contradiction, story, history | {STATEMENT: encode_part(replace(other, right=OPERATION))})


def test_a_statement_of_the_future_is_not_proved() -> None:
    story = Story()
    entries = unpack(export_rights(story.world, LINEAGE)[0])
    later = RightsStatement(lineage=LINEAGE, right=b"", height=story.world.ledger.height + 1)
    refused(NotProven, story, entries | {STATEMENT: encode_part(later)})


def test_nothing_rides_along_unread() -> None:
    story = Story()
    holders = unpack(export_rights(story.world, LINEAGE)[0])
    refused(UnexpectedEntry, story, holders | {"stowaway": b"\x00"})


def test_a_flipped_byte_is_answered_with_its_entry() -> None:
    story = Story()
    data = bytearray(export_rights(story.world, LINEAGE)[0])
    data[-40] ^= 1
    with pytest.raises(DamagedBundle):
        verify_rights(bytes(data), story.world.trust)


def test_a_file_of_another_consortium_is_refused() -> None:
    story, other = Story(), World(("operator", "auditor", "bank", "telecom"))
    data, _ = export_rights(story.world, LINEAGE)
    with pytest.raises(ForeignConsortium):
        verify_rights(data, other.trust)


def test_a_finding_is_plain_for_programs() -> None:
    plain = Story().holders().to_plain()
    assert plain["held"][0]["right"]["holder"] == "auditor"
    assert isinstance(Story().world.get(Right, ROOT.hex()), Right)
