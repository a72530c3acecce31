"""A witness's desk: what it cosigns, what it refuses with which status, and what it keeps."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from atoll.ledger.note import Note, NoteSignature, cosign_text, parse_note, parse_signatures, sign_text, verify_note
from atoll.ledger.tlog_policy import NO_QUORUM, Group, Log, Witness, make_policy
from atoll.ledger.witness import SIZE_TYPE, parse_add_checkpoint
from atoll.testing.consortium import NamedEntropy
from atoll.testing.logserver import MadeUpLog
from atoll.trust.keys import Purpose, SecretKey
from atoll.witness.desk import Desk
from atoll.witness.errors import WitnessRunning, WitnessStoreFull
from atoll.witness.store import Cosigned, WitnessStore
from tests.unit.witness.home import NOW, SetClock, key_of, make_desk, request

LOG = MadeUpLog(300)
OTHER = MadeUpLog(300, branch=" otherwise", parts_at=50)
"""The same log after entry 50, by the same key: what a split view is made of."""
MEMBERS = ("bank", "bureau", "telecom")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "witness.sqlite"


@pytest.fixture
def desk(path: Path) -> Desk:
    return make_desk(path, LOG)


def cosigned(desk: Desk, body: bytes) -> int:
    """Status; where it is 200 the cosignature has been verified."""
    answer = desk.add_checkpoint(body)
    if answer.status == 200:
        text = parse_add_checkpoint(body).note.text
        verified = verify_note(Note(text, parse_signatures(answer.body)), [desk.key])
        assert [one.timestamp for one in verified] == [desk._clock.now()]
    return answer.status


def test_a_log_that_only_grows_is_cosigned_each_time(desk: Desk) -> None:
    assert [cosigned(desk, request(LOG, size, old)) for old, size in ((0, 1), (1, 60), (60, 60), (60, 300))] == [200] * 4
    assert desk._store.contradictions() == []


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda: b"", 400),
        (lambda: b"old x\n\n" + LOG.note(200).encode(), 400),
        (lambda: request(LOG, 50, 100), 400),
        (lambda: request(MadeUpLog(200, origin="test.example/unknown"), 200, 100), 404),
        (lambda: request(LOG, 200, 100, note=Note(LOG.note(200).text, MadeUpLog(1, origin="x").note().signatures)), 403),
        (lambda: request(LOG, 200, 100, note=Note(LOG.note(200).text, LOG.note(199).signatures)), 403),
        (lambda: request(LOG, 200, 0), 409),
        (lambda: request(LOG, 200, 99), 409),
        (lambda: request(LOG, 200, 100, proof=()), 422),
        (lambda: request(LOG, 100, 100, proof=(bytes(32),)), 422),
        (lambda: request(OTHER, 200, 100), 422),
        (lambda: request(OTHER, 100, 100), 422),
    ],
)
def test_anything_else_is_refused_with_the_status_of_the_protocol(desk: Desk, make: Callable[[], bytes], status: int) -> None:
    assert cosigned(desk, request(LOG, 100, 0)) == 200
    assert cosigned(desk, make()) == status
    newest = desk._store.newest(LOG.origin)
    assert newest is not None
    assert (newest.size, newest.root) == (100, LOG.tree.root(100)), "a refusal moves nothing"


def test_a_conflict_says_the_known_size(desk: Desk) -> None:
    cosigned(desk, request(LOG, 100, 0))
    answer = desk.add_checkpoint(request(LOG, 200, 7))
    assert (answer.status, answer.body, answer.content_type) == (409, "100\n", SIZE_TYPE)


def test_a_first_checkpoint_needs_no_proof_and_takes_none(desk: Desk) -> None:
    assert cosigned(desk, request(LOG, 100, 0, proof=(bytes(32),))) == 422
    assert cosigned(desk, request(LOG, 100, 0)) == 200


@pytest.mark.parametrize("size", [100, 80, 60])
def test_two_roots_of_one_size_are_kept_with_both_signatures_whatever_the_old_size_said(desk: Desk, size: int) -> None:
    for old, new in ((0, 60), (60, 80), (80, 100)):
        cosigned(desk, request(LOG, new, old))
    for old in (100, 80, 0):
        assert cosigned(desk, request(OTHER, size, old)) in (400, 409, 422)
    caught = desk._store.contradictions()
    assert {one.kind for one in caught} == {"fork"}
    for one in caught:
        known, shown = parse_note(one.known), parse_add_checkpoint(one.request).note
        assert verify_note(known, [LOG.key])
        assert verify_note(shown, [LOG.key])
        assert known.text.split("\n")[:2] == shown.text.split("\n")[:2]
        assert known.text != shown.text


def test_a_larger_tree_without_a_proof_is_kept_once(desk: Desk) -> None:
    cosigned(desk, request(LOG, 100, 0))
    for _ in range(3):
        assert cosigned(desk, request(OTHER, 200, 100)) == 422
    assert [one.kind for one in desk._store.contradictions()] == ["unproven"]


def test_what_the_log_has_not_signed_is_no_contradiction(desk: Desk) -> None:
    cosigned(desk, request(LOG, 100, 0))
    text = OTHER.note(100).text
    forged = Note(text, (sign_text(text, LOG.key, MadeUpLog(1, origin="x").secret.sign),))
    assert cosigned(desk, request(OTHER, 100, 100, note=forged)) == 403
    assert desk._store.contradictions() == []


def test_of_two_branches_only_the_first_is_ever_cosigned(desk: Desk) -> None:
    assert cosigned(desk, request(LOG, 100, 0)) == 200
    for old in (0, 50, 100):
        for size in (60, 100, 200, 300):
            assert cosigned(desk, request(OTHER, size, old)) != 200
    assert cosigned(desk, request(LOG, 200, 100)) == 200


def test_several_logs_do_not_know_of_each_other(path: Path) -> None:
    second = MadeUpLog(40, origin="test.example/second")
    desk = make_desk(path, LOG, second)
    assert [cosigned(desk, request(LOG, 100, 0)), cosigned(desk, request(second, 40, 0))] == [200, 200]
    assert cosigned(desk, request(LOG, 200, 100)) == 200


def test_a_restarted_witness_remembers(path: Path) -> None:
    desk = make_desk(path, LOG)
    cosigned(desk, request(LOG, 100, 0))
    desk._store.close()
    again = make_desk(path, LOG)
    assert cosigned(again, request(OTHER, 100, 0)) == 409
    assert cosigned(again, request(LOG, 200, 100)) == 200


def test_what_cannot_be_written_down_is_not_signed(path: Path) -> None:
    signed: list[bytes] = []
    key, secret = key_of("w.example")
    desk = make_desk(path, LOG)

    def sign(data: bytes) -> bytes:
        with closing(sqlite3.connect(path)) as other:
            written = other.execute("SELECT size FROM newest").fetchall()
        assert written == [(100,)], "signed before it was durable"
        signed.append(data)
        return secret.sign(data)

    desk._sign = sign
    assert desk.key == key
    assert cosigned(desk, request(LOG, 100, 0)) == 200
    desk._store._db.execute("PRAGMA query_only=ON")  # the disk takes nothing more
    with pytest.raises(WitnessStoreFull):
        desk.add_checkpoint(request(LOG, 200, 100))
    assert len(signed) == 1


def test_a_clock_that_has_gone_back_signs_nothing(path: Path) -> None:
    clock = SetClock()
    desk = make_desk(path, LOG, clock=clock)
    assert cosigned(desk, request(LOG, 100, 0)) == 200
    clock.time -= 1
    assert cosigned(desk, request(LOG, 200, 100)) == 503
    clock.time += 1
    assert cosigned(desk, request(LOG, 200, 100)) == 200


class GlitchingClock(SetClock):
    """A clock that somebody sets while time passes."""

    ahead = 0

    def now(self) -> int:
        return self.time + self.ahead


def test_a_clock_that_jumps_for_a_moment_does_not_silence_the_witness_for_years(path: Path) -> None:
    clock = GlitchingClock()
    desk = make_desk(path, LOG, clock=clock)
    assert cosigned(desk, request(LOG, 100, 0)) == 200
    clock.time += 10 * 86_400
    assert cosigned(desk, request(LOG, 110, 100)) == 200, "nothing came for days"
    clock.ahead = 3601
    assert cosigned(desk, request(LOG, 120, 110)) == 503
    clock.ahead = 10
    assert cosigned(desk, request(LOG, 120, 110)) == 200


def test_members_that_stood_for_it_long_ago_do_not_count(members_desk: Desk) -> None:
    """Else a witness that begins with its clock years ahead would sign that, and be silent for years after."""
    for age, status in ((3601, 403), (3600, 200)):
        note = cosigned_by(LOG.note(300), "bank", "bureau", time=NOW - age)
        assert cosigned(members_desk, request(LOG, 300, 0, note=note)) == status


@pytest.mark.parametrize("quorum", [NO_QUORUM, "other"])
@pytest.mark.parametrize(("ahead", "status"), [(-100, 200), (5, 200), (6, 403)])
def test_a_known_cosigners_time_may_be_ahead_by_five_seconds(path: Path, ahead: int, status: int, quorum: str) -> None:
    key, secret = key_of("other.example")
    desk = make_desk(path, policy=make_policy((Log(LOG.key),), (Witness("other", key),), (), quorum))
    note = LOG.note(100)
    note = note.with_signatures((cosign_text(note.text, key, NOW + ahead, secret.sign),))
    assert cosigned(desk, request(LOG, 100, 0, note=note)) == status


def test_a_known_cosigners_bad_line_is_refused(path: Path) -> None:
    key, _ = key_of("other.example")
    desk = make_desk(path, policy=make_policy((Log(LOG.key),), (Witness("other", key),), (), NO_QUORUM))
    note = LOG.note(100)
    note = note.with_signatures((cosign_text(note.text, key, NOW, LOG.secret.sign),))
    assert cosigned(desk, request(LOG, 100, 0, note=note)) == 403


def test_the_newest_checkpoint_is_shown_as_the_log_signed_it(desk: Desk) -> None:
    digest = sha256(LOG.origin.encode()).hexdigest()
    assert desk.newest(digest) is None
    cosigned(desk, request(LOG, 100, 0))
    shown = desk.newest(digest)
    assert shown is not None
    assert len(verify_note(parse_note(shown), [LOG.key, desk.key])) == 2


def cosigned_by(note: Note, *names: str, time: int = NOW) -> Note:
    """A note with members' cosignatures."""
    keys = [key_of(name) for name in names]
    return note.with_signatures(cosign_text(note.text, key, time, secret.sign) for key, secret in keys)


def branch_of_a_member() -> MadeUpLog:
    """The log, and what one member has added to it by itself."""
    branch = MadeUpLog(300, branch=" made up", parts_at=200)
    branch.secret = SecretKey.generate(Purpose.LOG, NamedEntropy("a member's own log key"))
    return branch


@pytest.fixture
def members_desk(path: Path) -> Desk:
    """A desk for a log that several members sign for, two of three of whom are a quorum."""
    members = tuple(Witness(name, key_of(name)[0]) for name in MEMBERS)
    logs = (Log(LOG.key), Log(branch_of_a_member().key))
    return make_desk(path, policy=make_policy(logs, members, (Group("validators", 2, MEMBERS),), "validators"))


def test_what_one_member_signs_alone_is_not_cosigned_however_well_it_continues_the_log(members_desk: Desk) -> None:
    branch = branch_of_a_member()
    good = cosigned_by(LOG.note(200), "bank", "bureau")
    assert cosigned(members_desk, request(LOG, 200, 0, note=good)) == 200
    assert cosigned(members_desk, request(branch, 250, 200)) == 403
    assert cosigned(members_desk, request(branch, 250, 200, note=cosigned_by(branch.note(250), "bank"))) == 403
    late = cosigned_by(cosigned_by(branch.note(250), "bank"), "bureau", time=NOW + 6)
    assert cosigned(members_desk, request(branch, 250, 200, note=late)) == 403
    good = cosigned_by(LOG.note(300), "bank", "telecom")
    assert cosigned(members_desk, request(LOG, 300, 200, note=good)) == 200
    assert members_desk._store.contradictions() == [], "a quorum has contradicted nothing, nor has the member so far"


def test_a_member_that_contradicts_the_quorum_is_kept_apart_from_a_log_that_does(members_desk: Desk) -> None:
    branch = branch_of_a_member()
    assert cosigned(members_desk, request(LOG, 300, 0, note=cosigned_by(LOG.note(300), "bank", "bureau"))) == 200
    assert cosigned(members_desk, request(branch, 300, 300)) == 403
    assert [one.kind for one in members_desk._store.contradictions()] == ["alone"]
    both = cosigned_by(branch.note(300), "bank", "bureau")
    assert cosigned(members_desk, request(branch, 300, 300, note=both)) == 422
    assert [one.kind for one in members_desk._store.contradictions()] == ["alone", "fork"]


def test_lines_that_a_stranger_adds_are_not_kept(members_desk: Desk) -> None:
    good = cosigned_by(LOG.note(300), "bank", "bureau")
    assert cosigned(members_desk, request(LOG, 300, 0, note=good)) == 200
    own = NoteSignature(members_desk.key.name, members_desk.key.key_id, bytes(72))
    junk = [own, *(NoteSignature(f"x{number}.example", b"junk", bytes(64)) for number in range(124))]
    assert cosigned(members_desk, request(LOG, 300, 300, note=good.with_signatures(junk))) == 200
    shown = members_desk.newest(sha256(LOG.origin.encode()).hexdigest())
    assert shown is not None
    assert len(verify_note(parse_note(shown), [LOG.key, members_desk.key, *(key_of(name)[0] for name in MEMBERS)])) == 4
    assert len(parse_note(shown).signatures) == 4


def test_two_processes_cannot_be_one_witness(path: Path) -> None:
    make_desk(path, LOG)
    with pytest.raises(WitnessRunning):
        WitnessStore(path)


def test_memory_of_old_checkpoints_is_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atoll.witness.store.KEPT_CHECKPOINTS", 20)
    store = WitnessStore(path)
    with store.deciding():
        for size in range(1, 31):
            store.keep(Cosigned("log", size, bytes(32), b"note", NOW))
    assert [store.cosigned("log", size) is None for size in (10, 11)] == [True, False]
    newest = store.newest("log")
    store.close()
    assert newest is not None
    assert newest.size == 30
