"""An owner's input to a protocol that keeps a table: read once, and not again while its source stands as it was read."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from atoll.jobs.kind import Inputs
from atoll.ledger.plan import Plan
from atoll.node import execution
from atoll.node.execution import Execution
from atoll.node.order import LastingOrder, LocalInput, Version
from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.identifiers import TooManyIdentifiers
from atoll.protocols.role import Party
from atoll.sources import Source, SourceRoot, open_source
from atoll.sources.errors import SourceChanged, SourceNotFound, SourceOutsideRoot
from atoll.transport.memory import MemoryFabric
from atoll.wire.message import encode_message
from tests.unit.jobs.world import BANK, BUREAU, BUREAU_ROWS, OWNER, RECEIVER, altered, plan_of, spec
from tests.unit.node.test_job_process import order

SALT = bytes(32)
TABLE = "psi-oprf-ristretto255"
CSV = "national_id,full_name\n" + "".join(f"{number},{name}\n" for number, name in BUREAU_ROWS)
OTHER_CSV = CSV.replace("joe", "jim")


def plan(**changes: Any) -> Plan:
    return plan_of(spec(protocol=TABLE, **changes))


@dataclass
class Owner:
    """The bureau's node, as its jobs' processes see it; each `read` is a process of its own."""

    folder: Path
    commitment: bytes = bytes([7] * 32)
    key: bytes = bytes([1] * 32)
    address: str = "files.csv"
    fingerprint: str = "file-sha256/1:" + hashlib.sha256(CSV.encode()).hexdigest()
    opened: list[str] = field(default_factory=list)
    """Addresses that were read, in order."""
    told: list[dict[str, Any]] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.folder / "data" / self.address

    def read(self, job: Plan, place: Party = OWNER, *, kept: ExitStack) -> Inputs:
        line = next(one for one in job.inputs if one.role == place.role)
        versions = tuple(Version(dataset=one.dataset, commitment=self.commitment) for one in job.inputs)
        mine = replace(
            order(self.folder / "journal"),
            org=line.dataset.partition("/")[0],
            plan=encode_message(job),
            inputs=(LocalInput(dataset=line.dataset, address=self.address, fingerprint=self.fingerprint),),
            folders=(str(self.folder / "data"),),
            lasting=LastingOrder(folder=str(self.folder / "tables"), key=self.key, secret=bytes(32), versions=versions)
            if "oprf" in job.protocol
            else None,
        )
        network = MemoryFabric().network("bureau")
        life = Execution(mine, network=network, tell=self.told.append, entropy=SeededEntropy(bytes(32)), threads=False)
        return life._read_inputs(place, kept)

    def rows(self, job: Plan | None = None) -> int:
        """Rows with a key that a job finds, and nothing more is asked of its input."""
        with ExitStack() as kept:
            return self.read(job or plan(), kept=kept).inputs[0].items.rows

    def records(self) -> list[Path]:
        return sorted((self.folder / "tables").glob("*.table"))


@pytest.fixture
def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Owner]:
    """Its file is `CSV`, registered; what is read of it is noted."""
    for name in ("data", "journal"):
        (tmp_path / name).mkdir()
    one = Owner(tmp_path)
    one.path.write_text(CSV)

    def noted(address: str, **more: Any) -> Source:
        one.opened.append(address)
        return open_source(address, **more)

    monkeypatch.setattr(execution, "open_source", noted)
    yield one
    assert list((tmp_path / "journal").iterdir()) == [], "a copy of the data was left behind"


def test_a_source_that_stands_as_it_was_read_is_not_read_again(owner: Owner) -> None:
    assert [owner.rows() for _ in range(3)] == [4, 4, 4]
    assert owner.opened == ["files.csv"]
    assert owner.told == [{"event": "input", "dataset": "bureau/files/3", "rows": 4}] * 3
    assert len(owner.records()) == 1, "and nothing is written then"


def test_it_is_read_where_a_protocol_asks_for_its_keys_and_gives_the_same(owner: Owner) -> None:
    found = []
    for _ in range(2):
        with ExitStack() as kept:
            buckets = owner.read(plan(), kept=kept).inputs[0].items.partition(SALT, 1)
            found.append(buckets.load(0))
            assert len(owner.opened) == len(found)
    assert found[0] == found[1]
    assert len(found[0]) == 4


@pytest.mark.parametrize("how", ["written again", "replaced", "touched", "its mode changed", "a link to it made"])
def test_a_file_that_may_have_changed_is_read_once_more_and_found_to_be_the_same(owner: Owner, how: str) -> None:
    owner.rows()
    if how == "written again":
        owner.path.write_text(CSV)
    elif how == "replaced":
        owner.path.with_suffix(".new").write_text(CSV)
        owner.path.with_suffix(".new").replace(owner.path)
    elif how == "touched":
        owner.path.touch()
    elif how == "its mode changed":
        owner.path.chmod(0o400)
    else:
        owner.path.with_suffix(".link").hardlink_to(owner.path)
    assert [owner.rows(), owner.rows()] == [4, 4]
    assert owner.opened == ["files.csv"] * 2


@pytest.mark.parametrize("how", ["written", "its times set back", "replaced", "its size changed"])
def test_a_file_that_has_changed_ends_the_job_though_a_record_says_what_it_was(owner: Owner, how: str) -> None:
    owner.rows()
    before = owner.path.stat()
    if how == "replaced":
        owner.path.with_suffix(".new").write_text(OTHER_CSV)
        owner.path.with_suffix(".new").replace(owner.path)
    else:
        owner.path.write_text(OTHER_CSV if how != "its size changed" else CSV + "1,Ann\n")
    if how == "its times set back":
        os.utime(owner.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    for _ in range(2):  # nor is anything kept of what was read
        with pytest.raises(SourceChanged):
            owner.rows()


def test_a_file_that_is_gone_or_outside_ends_the_job(owner: Owner) -> None:
    owner.rows()
    aside = owner.folder / "aside.csv"
    owner.path.rename(aside)
    with pytest.raises(SourceNotFound):
        owner.rows()
    owner.path.symlink_to(aside)
    with pytest.raises(SourceOutsideRoot):
        owner.rows()


def test_the_row_cap_holds_for_what_was_counted_before(owner: Owner) -> None:
    tight = plan_of(replace(altered("bureau", rows_cap=3), protocol=TABLE))
    with pytest.raises(TooManyIdentifiers) as read:
        owner.rows(tight)
    owner.rows()
    with pytest.raises(TooManyIdentifiers) as counted:
        owner.rows(tight)
    assert str(read.value) == str(counted.value)
    assert owner.opened == ["files.csv"] * 2


def test_a_record_is_of_one_version_address_key_and_rules(owner: Owner) -> None:
    owner.rows()
    fewer = spec(
        protocol=TABLE,
        owners=(replace(BUREAU, columns=("full_name",), normalisation=("text/1",)),),
        receivers=(replace(BANK, columns=("name",), normalisation=("text/1",)),),
    )
    other_rules = spec(
        protocol=TABLE,
        owners=(replace(BUREAU, normalisation=("text/1", "text/1")),),
        receivers=(replace(BANK, normalisation=("text/1", "text/1")),),
    )
    for job in (plan_of(fewer), plan_of(other_rules)):
        owner.opened.clear()
        assert [owner.rows(job), owner.rows(job)] == [4, 4]
        assert owner.opened == ["files.csv"]
    owner.opened.clear()
    replace(owner, commitment=bytes([8] * 32)).rows()
    assert owner.opened == ["files.csv"], "another version"
    owner.path.with_name("b.csv").hardlink_to(owner.path)
    owner.rows()
    owner.opened.clear()
    replace(owner, address="b.csv").rows()
    assert owner.opened == ["b.csv"], "another address"
    with pytest.raises(SourceChanged):
        replace(owner, fingerprint="file-sha256/1:" + "0" * 64).rows()


@pytest.mark.parametrize("how", ["cut short", "another record's", "sealed under another key", "gone"])
def test_a_record_that_does_not_open_is_none(owner: Owner, how: str) -> None:
    owner.rows()
    (record,) = owner.records()
    if how == "cut short":
        record.write_bytes(record.read_bytes()[:-1])
    elif how == "another record's":
        replace(owner, commitment=bytes([8] * 32)).rows()
        (other,) = (one for one in owner.records() if one != record)
        record.write_bytes(other.read_bytes())
    elif how == "sealed under another key":
        replace(owner, key=bytes([2] * 32)).rows()
    else:
        record.unlink()
    owner.opened.clear()
    assert [owner.rows(), owner.rows()] == [4, 4]
    assert owner.opened == ["files.csv"]


@pytest.mark.parametrize("how", ["replaced", "removed"])
def test_a_file_that_was_swapped_while_it_was_read_is_not_taken_for_the_one_that_was(
    owner: Owner, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    def swapped(address: str, **more: Any) -> Source:
        source = open_source(address, **more)
        if how == "removed":
            owner.path.unlink()
        else:
            owner.path.with_suffix(".new").write_text(OTHER_CSV)
            owner.path.with_suffix(".new").replace(owner.path)
        return source

    with monkeypatch.context() as during:
        during.setattr(execution, "open_source", swapped)
        assert owner.rows() == 4, "what was read is what was registered"
    assert owner.records() == []
    with pytest.raises(SourceChanged if how == "replaced" else SourceNotFound):
        owner.rows()


def test_a_full_disk_keeps_no_record_and_ends_no_job(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as during:
        during.setattr("atoll.storage.tables.write_durably", full)
        assert owner.rows() == 4
    assert [owner.rows(), owner.rows()] == [4, 4]
    assert owner.opened == ["files.csv"] * 2


def test_a_database_is_read_each_time(owner: Owner) -> None:
    """It may change in the journal beside its file."""
    with sqlite3.connect(owner.folder / "data" / "files.sqlite") as database:
        database.execute("CREATE TABLE files (national_id, full_name)")
        database.executemany("INSERT INTO files VALUES (?, ?)", BUREAU_ROWS)
    database.close()
    address = "files.sqlite#files"
    with open_source(address, root=SourceRoot([owner.folder / "data"]), scratch=owner.folder) as source:
        one = replace(owner, address=address, fingerprint=str(source.fingerprint))
    assert [one.rows(), one.rows()] == [4, 4]
    assert owner.opened == [address] * 2
    assert owner.records() == []


def test_receivers_and_jobs_that_keep_nothing_read_each_time(owner: Owner) -> None:
    receiving = plan(receivers=(replace(BANK, columns=("national_id", "full_name")),))
    for job, place in ((receiving, RECEIVER), (plan_of(spec()), OWNER)):
        owner.opened.clear()
        for _ in range(2):
            with ExitStack() as kept:
                assert owner.read(job, place, kept=kept).inputs[0].items.rows == 4
        assert owner.opened == ["files.csv"] * 2
