"""The journal of a job on disk: what a crash, a damaged disk or another job's file does to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from atoll.node.journal import DiskJournal
from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.role import Party
from atoll.storage.errors import StoreCorrupt
from atoll.storage.sealed import Sealer
from atoll.transport.journal import Saved
from atoll.transport.transcript import START_MARK, Noted

OWNER, RECEIVER = Party("owner"), Party("receiver")
KEY = bytes(range(32))
NOTED = Noted(sent=b"s" * 32, heard=b"h" * 64)


def journal(folder: Path, *, name: str = "1-owner-0", key: bytes = KEY) -> DiskJournal:
    folder.mkdir(exist_ok=True)
    return DiskJournal(folder, name=name, sealer=Sealer(key, SeededEntropy(bytes(32))))


def checkpoint(number: int) -> Saved:
    return Saved(number=number, state=b"state %d" % number, marks={RECEIVER: START_MARK})


class TestNotes:
    def test_what_was_noted_is_there_in_the_next_life_in_order(self, tmp_path: Path) -> None:
        first = journal(tmp_path / "job")
        first.add_notes(0, {RECEIVER: Noted(sent=b"a" * 32)})
        first.add_notes(0, {RECEIVER: Noted(heard=b"b" * 32), OWNER: NOTED})
        second = journal(tmp_path / "job")
        assert second.load_notes(0) == {RECEIVER: Noted(sent=b"a" * 32, heard=b"b" * 32), OWNER: NOTED}
        second.add_notes(0, {RECEIVER: Noted(sent=b"c" * 32)})
        assert journal(tmp_path / "job").load_notes(0)[RECEIVER].sent == b"a" * 32 + b"c" * 32
        assert journal(tmp_path / "job").load_notes(1) == {}

    @pytest.mark.parametrize("torn", [b"\0\0\0", b"\0\0\0\x40half of it", b"\0" * 4096], ids=["head", "body", "zeros"])
    def test_a_record_that_a_crash_cut_short_never_counted(self, tmp_path: Path, torn: bytes) -> None:
        journal(tmp_path / "job").add_notes(0, {RECEIVER: NOTED})
        with (tmp_path / "job" / "1-owner-0.notes.0").open("ab") as file:
            file.write(torn)
        after = journal(tmp_path / "job")
        assert after.load_notes(0) == {RECEIVER: NOTED}
        after.add_notes(0, {RECEIVER: NOTED})
        assert journal(tmp_path / "job").load_notes(0) == {RECEIVER: NOTED.followed_by(NOTED)}

    def test_a_damaged_record_before_others_is_no_crash(self, tmp_path: Path) -> None:
        first = journal(tmp_path / "job")
        first.add_notes(0, {RECEIVER: NOTED})
        first.add_notes(0, {RECEIVER: NOTED})
        path = tmp_path / "job" / "1-owner-0.notes.0"
        data = bytearray(path.read_bytes())
        data[20] ^= 1
        path.write_bytes(data)
        with pytest.raises(StoreCorrupt):
            journal(tmp_path / "job").load_notes(0)

    def test_records_do_not_change_places(self, tmp_path: Path) -> None:
        first = journal(tmp_path / "job")
        first.add_notes(0, {RECEIVER: NOTED})
        path = tmp_path / "job" / "1-owner-0.notes.0"
        path.write_bytes(2 * path.read_bytes() + b"\0\0\0\1x")
        with pytest.raises(StoreCorrupt):
            journal(tmp_path / "job").load_notes(0)


class TestCheckpoints:
    def test_the_last_two_are_kept_and_the_notes_that_belong_to_them(self, tmp_path: Path) -> None:
        kept = journal(tmp_path / "job")
        for number in range(4):
            kept.add_notes(number, {RECEIVER: NOTED})
            kept.save_checkpoint(checkpoint(number + 1))
        assert kept.load_checkpoints() == (checkpoint(3), checkpoint(4))
        assert sorted(path.name for path in (tmp_path / "job").iterdir()) == [
            "1-owner-0.checkpoint.3",
            "1-owner-0.checkpoint.4",
            "1-owner-0.notes.3",
        ]

    def test_a_checkpoint_that_was_half_written_is_not_there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        kept = journal(tmp_path / "job")
        kept.save_checkpoint(checkpoint(1))

        def power_cut(_descriptor: int) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("os.fsync", power_cut)
        with pytest.raises(KeyboardInterrupt):
            kept.save_checkpoint(checkpoint(2))
        monkeypatch.undo()
        assert journal(tmp_path / "job").load_checkpoints() == (checkpoint(1),)

    def test_files_are_private_sealed_and_of_one_job_one_place_and_one_value(self, tmp_path: Path) -> None:
        kept = journal(tmp_path / "job")
        kept.save_seed(b"seed" * 8)
        kept.save_checkpoint(checkpoint(1))
        kept.add_notes(1, {RECEIVER: NOTED})
        for path in (tmp_path / "job").iterdir():
            assert path.stat().st_mode & 0o077 == 0
            assert b"seed" not in path.read_bytes()
            assert b"state" not in path.read_bytes()
        seed = (tmp_path / "job" / "1-owner-0.seed").read_bytes()
        (tmp_path / "other").mkdir()
        for folder, name in (("other", "1-owner-0"), ("job", "2-owner-0"), ("job", "1-receiver-0")):
            (tmp_path / folder / f"{name}.seed").write_bytes(seed)
            with pytest.raises(StoreCorrupt):
                journal(tmp_path / folder, name=name).load_seed()
        with pytest.raises(StoreCorrupt):
            journal(tmp_path / "job", key=bytes(32)).load_seed()
        (tmp_path / "job" / "1-owner-0.checkpoint.2").write_bytes((tmp_path / "job" / "1-owner-0.checkpoint.1").read_bytes())
        with pytest.raises(StoreCorrupt):
            kept.load_checkpoints()
