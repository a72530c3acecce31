"""A job's journal on disk: whole or not at all, sealed, and of one attempt of one party in one job."""

from __future__ import annotations

from pathlib import Path

import pytest

from atoll.jobs.kind import Outcome
from atoll.node.journal import DiskJournal, derive_journal_key, forget_run
from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.role import Party
from atoll.storage.durable import write_durably
from atoll.storage.errors import StoreCorrupt
from atoll.storage.sealed import Sealer
from atoll.transport.journal import Saved
from atoll.transport.runner_messages import Mark
from atoll.transport.transcript import Noted

OWNER, RECEIVER = Party("owner"), Party("receiver", 2)
SEED = b"S" * 32


def mark(packets: int) -> Mark:
    return Mark(sent_packets=packets, sent_digest=b"\x01" * 32, heard_packets=packets, heard_digest=b"\x02" * 32)


def saved(number: int) -> Saved:
    return Saved(number=number, state=f"state {number}".encode(), marks={OWNER: mark(number), RECEIVER: mark(2 * number)})


def noted(byte: int, *, sent: int = 1, heard: int = 1) -> Noted:
    return Noted(sent=bytes([byte]) * 32 * sent, heard=bytes([byte + 100]) * 32 * heard)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "job-1"
    place.mkdir()
    return place


def journal(folder: Path, *, name: str = "1.owner.0", key: bytes = b"k" * 32) -> DiskJournal:
    """Opened as a new process would."""
    return DiskJournal(folder, name=name, sealer=Sealer(key, SeededEntropy(bytes(32))))


def test_an_empty_journal_knows_nothing(folder: Path) -> None:
    one = journal(folder)
    assert (one.load_seed(), one.load_checkpoints(), one.load_notes(0), one.is_finished()) == (None, (), {}, False)


def test_a_new_process_finds_seed_checkpoints_and_output(folder: Path) -> None:
    one = journal(folder)
    one.save_seed(SEED)
    one.save_checkpoint(saved(1))
    outcome = Outcome(result_commitment=b"c" * 32, result=None, opening=None, counts={"mine": 3})
    one.save_output(outcome)
    again = journal(folder)
    assert (again.load_seed(), again.load_checkpoints()) == (SEED, (saved(1),))
    assert again.is_finished()
    assert again.load_output() == outcome


def test_the_last_two_checkpoints_are_kept_in_order_beyond_nine_too(folder: Path) -> None:
    one = journal(folder)
    for number in range(1, 12):
        one.save_checkpoint(saved(number))
    assert journal(folder).load_checkpoints() == (saved(10), saved(11))
    assert sorted(path.name for path in folder.iterdir()) == ["1.owner.0.checkpoint.10", "1.owner.0.checkpoint.11"]


def test_notes_of_a_checkpoint_go_when_it_goes(folder: Path) -> None:
    one = journal(folder)
    for number in range(4):
        one.add_notes(number, {OWNER: noted(number)})
        one.save_checkpoint(saved(number + 1))
    assert sorted(int(path.suffix[1:]) for path in folder.glob("*.notes.*")) == [3]


def test_notes_follow_each_other_in_order_and_across_processes(folder: Path) -> None:
    one = journal(folder)
    one.add_notes(0, {OWNER: noted(1), RECEIVER: noted(7)})
    one.add_notes(0, {OWNER: noted(2, heard=0)})
    journal(folder).add_notes(0, {OWNER: noted(3)})
    found = journal(folder).load_notes(0)
    assert found[OWNER] == noted(1).followed_by(noted(2, heard=0)).followed_by(noted(3))
    assert found[RECEIVER] == noted(7)
    assert journal(folder).load_notes(1) == {}


def test_a_note_that_a_crash_cut_short_never_counted_and_does_not_hinder_the_next(folder: Path) -> None:
    one = journal(folder)
    one.add_notes(0, {OWNER: noted(1)})
    path = folder / "1.owner.0.notes.0"
    whole = path.read_bytes()
    one.add_notes(0, {OWNER: noted(2)})
    both = path.read_bytes()
    for length in range(len(whole), len(both)):
        path.write_bytes(both[:length])
        assert journal(folder).load_notes(0)[OWNER] == noted(1)
    path.write_bytes(both[:-1])
    journal(folder).add_notes(0, {OWNER: noted(3)})
    assert journal(folder).load_notes(0)[OWNER] == noted(1).followed_by(noted(3))


def test_a_long_note_that_was_cut_short_leaves_nothing_behind_a_shorter_one(folder: Path) -> None:
    one = journal(folder)
    one.add_notes(0, {OWNER: noted(1)})
    one.add_notes(0, {OWNER: noted(2, sent=50, heard=50)})
    path = folder / "1.owner.0.notes.0"
    path.write_bytes(path.read_bytes()[:-1])
    for byte in (3, 4):
        journal(folder).add_notes(0, {OWNER: noted(byte)})
    assert journal(folder).load_notes(0)[OWNER] == noted(1).followed_by(noted(3)).followed_by(noted(4))


def test_a_note_that_is_damaged_before_the_last_is_said(folder: Path) -> None:
    one = journal(folder)
    for byte in (1, 2):
        one.add_notes(0, {OWNER: noted(byte)})
    path = folder / "1.owner.0.notes.0"
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)
    with pytest.raises(StoreCorrupt):
        journal(folder).load_notes(0)


def test_notes_cannot_change_places(folder: Path) -> None:
    one = journal(folder)
    path = folder / "1.owner.0.notes.0"
    one.add_notes(0, {OWNER: noted(1)})
    first = path.read_bytes()
    one.add_notes(0, {OWNER: noted(2)})
    second = path.read_bytes()[len(first) :]
    path.write_bytes(second + first)
    with pytest.raises(StoreCorrupt):
        journal(folder).load_notes(0)


@pytest.mark.parametrize(
    "change", ["a flipped byte", "cut short", "another place", "another attempt", "another job", "another key"]
)
def test_nothing_opens_that_is_not_exactly_this(folder: Path, change: str) -> None:
    one = journal(folder)
    one.save_seed(SEED)
    one.save_checkpoint(saved(1))
    path = folder / "1.owner.0.seed"
    data, reader = path.read_bytes(), one
    match change:
        case "a flipped byte":
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        case "cut short":
            path.write_bytes(data[:-1])
        case "another place":
            path.write_bytes((folder / "1.owner.0.checkpoint.1").read_bytes())
        case "another attempt":
            (folder / "2.owner.0.seed").write_bytes(data)
            reader = journal(folder, name="2.owner.0")
        case "another job":
            folder.rename(folder.with_name("job-2"))
            reader = journal(folder.with_name("job-2"))
        case "another key":
            reader = journal(folder, key=derive_journal_key(b"k" * 32, "job-2"))
    with pytest.raises(StoreCorrupt):
        reader.load_seed()


def test_another_attempt_and_another_party_find_nothing(folder: Path) -> None:
    journal(folder).save_seed(SEED)
    for name in ("2.owner.0", "1.receiver.0", "1.owner.1"):
        assert journal(folder, name=name).load_seed() is None


def test_nothing_secret_stands_on_the_disk_in_the_clear_and_nobody_else_may_read(folder: Path) -> None:
    one = journal(folder)
    one.save_seed(SEED)
    one.save_checkpoint(saved(1))
    one.add_notes(1, {OWNER: noted(1)})
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        assert not any(secret in path.read_bytes() for secret in (SEED, b"state 1", bytes([1]) * 32))


def test_a_file_is_replaced_as_a_whole_and_a_half_written_one_is_not_seen(folder: Path) -> None:
    path = folder / "1.owner.0.seed"
    one = journal(folder)
    one.save_seed(SEED)
    (folder / "1.owner.0.seed.new").write_bytes(b"half")
    assert journal(folder).load_seed() == SEED
    one.save_seed(b"T" * 32)
    assert journal(folder).load_seed() == b"T" * 32
    assert [item.name for item in folder.iterdir()] == [path.name]
    write_durably(path, [b"a", b"b"])
    assert path.read_bytes() == b"ab"


def test_what_ended_is_forgotten_but_for_its_outcome(folder: Path) -> None:
    one = journal(folder)
    one.save_seed(SEED)
    one.save_checkpoint(saved(1))
    one.add_notes(1, {OWNER: noted(1)})
    one.save_output(Outcome(result_commitment=bytes(32), counts={}))
    (folder / "input-0.copy").write_bytes(b"rows")
    forget_run(folder)
    assert [path.name for path in folder.iterdir()] == ["1.owner.0.outcome"]
    assert journal(folder).is_finished()


def test_each_job_has_a_journal_key_of_its_own() -> None:
    keys = {derive_journal_key(b"k" * 32, job) for job in ("1", "2", "11")} | {derive_journal_key(b"j" * 32, "1"), b"k" * 32}
    assert len(keys) == 5
    assert derive_journal_key(b"k" * 32, "1") == derive_journal_key(b"k" * 32, "1")
