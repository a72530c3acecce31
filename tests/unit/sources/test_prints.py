"""Samples of what registrations keep: chosen by nobody, the same at both sides, and of the registered version only."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from atoll.exchange.fingerprint import count_likeness
from atoll.exchange.registration import may_be_near
from atoll.protocols.identifiers import TooManyIdentifiers
from atoll.protocols.psi.items import SALT_BYTES
from atoll.sources import SourceRoot
from atoll.sources.errors import PrintForeign, PrintMissing
from atoll.sources.fingerprint import FILE_METHOD, Fingerprint
from atoll.sources.fingerprints import ROWS_FILE, read_table
from atoll.sources.prints import PRINT_FILE, SAMPLE_DOMAIN, Registered, open_sample, save_print

ROWS = 20_000
SEED = bytes(range(32))
SCALE = 4
"""Of 20,000 rows that leaves about 1,250."""


def cells(number: int) -> str:
    return f"{number},name {number * 7919 % 100_003},{number % 97}"


def keep(tmp_path: Path, name: str, rows: list[str]) -> tuple[Path, Registered]:
    """As a registration keeps a table."""
    path = tmp_path / f"{name}.csv"
    path.write_text("\n".join(["id,name,shelf", *rows]) + "\n")
    folder = tmp_path / name
    folder.mkdir()
    print_ = read_table(path.name, root=SourceRoot([tmp_path]), scratch=tmp_path, out=folder).print
    save_print(folder, print_)
    at_most = 1 << (len(rows) - 1).bit_length()
    return folder, Registered(f"bank/{name}/1", Fingerprint(FILE_METHOD, print_.bytes_sha256), at_most)


def digests(folder: Path) -> list[bytes]:
    data = (folder / ROWS_FILE).read_bytes()
    return [data[at : at + 32] for at in range(0, len(data), 36)]


def expected(folder: Path, *, seed: bytes = SEED, scale: int = SCALE) -> list[bytes]:
    """The slow way, by the specification."""
    bound = 1 << (64 - scale)
    return [one for one in digests(folder) if int.from_bytes(sha256(SAMPLE_DOMAIN + seed + one).digest()[:8], "big") < bound]


def counts(
    tmp_path: Path, one: tuple[Path, Registered], other: tuple[Path, Registered], *, seed: bytes, scale: int = SCALE
) -> dict[str, int]:
    """What a check of the two counts, read off the sets that both sides bring."""
    found = []
    for folder, registered in (one, other):
        with open_sample(folder, registered, seed=seed, scale=scale, max_rows=1 << 16, scratch=tmp_path) as items:
            cut = items.partition(bytes(SALT_BYTES), 1)
            packed = bytes(cut.load(0).digests)
            found.append({packed[at : at + 16] for at in range(0, len(packed), 16)})
    new, incumbent = found
    return {"common": len(new & incumbent), "incumbent": len(incumbent), "new": len(new)}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Path, Registered], tuple[Path, Registered]]:
    """An original, and a copy without one row in ten and with as many of its own."""
    folder = tmp_path_factory.mktemp("pair")
    original = keep(folder, "original", [cells(number) for number in range(ROWS)])
    copy = keep(folder, "copy", [cells(number) for number in range(ROWS // 10, ROWS + ROWS // 10)])
    return folder, original, copy


def test_a_row_takes_part_by_its_hash_under_the_seed(
    pair: tuple[Path, tuple[Path, Registered], tuple[Path, Registered]], tmp_path: Path
) -> None:
    _, (folder, registered), _ = pair
    for scale in (0, 1, SCALE):
        with open_sample(folder, registered, seed=SEED, scale=scale, max_rows=1 << 16, scratch=tmp_path) as items:
            wanted = expected(folder, scale=scale)
            assert items.rows == len(wanted)
            assert abs(items.rows - (ROWS >> scale)) <= 6 * (ROWS >> scale) ** 0.5
            assert bytes(items.partition(bytes(SALT_BYTES), 1).load(0).digests)  # they are readable
    assert set(expected(folder)) != set(expected(folder, seed=bytes(32)))


def test_both_sides_take_the_same_of_their_common_rows(
    pair: tuple[Path, tuple[Path, Registered], tuple[Path, Registered]], tmp_path: Path
) -> None:
    _, original, copy = pair
    common = set(expected(original[0])) & set(expected(copy[0]))
    both = set(digests(original[0])) & set(digests(copy[0]))
    assert common == {one for one in expected(original[0]) if one in both}
    found = counts(tmp_path, copy, original, seed=SEED)
    assert found["common"] == len(common)
    assert (found["incumbent"], found["new"]) == (len(expected(original[0])), len(expected(copy[0])))


def test_the_estimate_keeps_to_its_error(
    pair: tuple[Path, tuple[Path, Registered], tuple[Path, Registered]], tmp_path: Path
) -> None:
    _, original, copy = pair
    true = 0.9 / 1.1
    for number in range(8):
        found = counts(tmp_path, copy, original, seed=sha256(bytes([number])).digest())
        union = found["new"] + found["incumbent"] - found["common"]
        assert abs(found["common"] / union - true) <= 5 * (true * (1 - true) / union) ** 0.5


def test_a_copier_who_changes_the_rows_of_every_band_is_found(tmp_path: Path) -> None:
    """The attack: the bands of the fingerprint are public, so one of the rows behind each is altered, 32 of 20,000."""
    rows = [cells(number) for number in range(ROWS)]
    original = keep(tmp_path, "known", rows)
    before = read_table("known.csv", root=SourceRoot([tmp_path]), scratch=tmp_path, out=tmp_path).print
    place = {one: number for number, one in enumerate(by_row(tmp_path, rows))}
    altered = list(rows)
    values = [before.minhash[at : at + 8] for at in range(0, len(before.minhash), 8)]
    heads = {digest[:8]: number for digest, number in place.items()}
    for band in range(32):
        altered[heads[values[4 * band]]] += "1"
    copy = keep(tmp_path, "evading", altered)
    after = read_table("evading.csv", root=SourceRoot([tmp_path]), scratch=tmp_path, out=tmp_path).print
    assert not set(enumerate(before.bands)) & set(enumerate(after.bands))
    found = counts(tmp_path, copy, original, seed=SEED)
    assert may_be_near(**found)
    assert count_likeness(found["new"], found["incumbent"], found["common"]).jaccard_ppm > 980_000


def by_row(tmp_path: Path, rows: list[str]) -> list[bytes]:
    """The digest of each row, in the table's order: of its cells as a bag (specs/fingerprint.md)."""
    from specs.reference.table_print import canonical_cell

    found = []
    for row in rows:
        bag = sorted(canonical_cell(cell).encode() for cell in row.split(","))
        found.append(
            sha256(b"atoll table-print/1 row".ljust(64, b"\0") + b"".join(bytes([len(one)]) + one for one in bag)).digest()
        )
    return found


def test_a_copier_who_changes_rows_by_their_digest_is_found(tmp_path: Path) -> None:
    """The other attack: rows whose digest begins with zero bits are altered, which once were the sample of large tables."""
    rows = [cells(number) for number in range(ROWS)]
    original = keep(tmp_path, "known", rows)
    altered = [
        row + "1" if digest[0] < 1 << (8 - SCALE) else row for row, digest in zip(rows, by_row(tmp_path, rows), strict=True)
    ]
    copy = keep(tmp_path, "evading", altered)
    found = counts(tmp_path, copy, original, seed=SEED)
    assert found["common"] / found["new"] > 0.9


def test_more_rows_than_the_plan_lets_in_are_refused(
    pair: tuple[Path, tuple[Path, Registered], tuple[Path, Registered]], tmp_path: Path
) -> None:
    _, (folder, registered), _ = pair
    with pytest.raises(TooManyIdentifiers):
        open_sample(folder, registered, seed=SEED, scale=0, max_rows=ROWS - 1, scratch=tmp_path)


def test_a_print_that_is_not_there_or_of_something_else_is_refused(tmp_path: Path) -> None:
    folder, registered = keep(tmp_path, "kept", [cells(number) for number in range(100)])

    def sample(of: Registered) -> None:
        open_sample(folder, of, seed=SEED, scale=0, max_rows=128, scratch=tmp_path).close()

    sample(registered)
    other = Fingerprint(FILE_METHOD, bytes(32))
    for foreign in (
        Registered(registered.dataset, other, 128),
        Registered(registered.dataset, registered.fingerprint, 64),
        Registered(registered.dataset, registered.fingerprint, 1024),
    ):
        with pytest.raises(PrintForeign):
            sample(foreign)
    os.truncate(folder / ROWS_FILE, 36 * 99)
    with pytest.raises(PrintForeign):
        sample(registered)
    (folder / ROWS_FILE).unlink()
    with pytest.raises(PrintMissing):
        sample(registered)
    (folder / PRINT_FILE).unlink()
    with pytest.raises(PrintMissing):
        sample(registered)
