"""What a table holds: figures, shapes of values, and what detectors say; read, told, and forgotten."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from atoll.api.models import ColumnProfileInfo, FrequentInfo, ProfileInfo, ProfileRequest, ShapeInfo
from atoll.node.context import NodeContext
from atoll.node.errors import NoSuchThing
from atoll.node.gradings import describe_column
from atoll.node.levels import LevelTables
from atoll.policy.levels import level_text, permitted_modes

if TYPE_CHECKING:
    from atoll.exchange.grading import LevelTable
    from atoll.exchange.grading.model import ColumnGrade
    from atoll.exchange.profile import ColumnProfile


class Profiles:
    """Profiles what this organisation registered."""

    def __init__(self, context: NodeContext, tables: LevelTables) -> None:
        self._context = context
        self._tables = tables

    async def show(self, dataset: str, request: ProfileRequest) -> ProfileInfo:
        """The profile of an own version, of its source as it is now.

        Raises:
            NoSuchThing: its source does not lie here.
            UnknownLevelTable: the table of levels is not here.
            InputError and others of `atoll.sources`: it cannot be read.
        """
        local = self._context.store.dataset(dataset)
        if local is None:
            raise NoSuchThing(what="source of", name=dataset)
        config = self._context.config
        levels = self._tables.get(request.levels)
        today = datetime.fromtimestamp(self._context.clock.now(), UTC).date()
        return await self._context.offload(
            lambda: profile_table(
                local.path,
                subject=dataset,
                folders=config.folders,
                home=config.home.path,
                levels=levels,
                today=today,
                samples=request.samples,
                sm3=config.takes_sm3,
            )
        )


def profile_table(
    address: str,
    *,
    subject: str,
    folders: Sequence[Path],
    home: Path | None,
    levels: LevelTable,
    today: date,
    samples: bool,
    sm3: bool = False,
) -> ProfileInfo:
    """Read a source once and say what it holds.

    Args:
        address: as for a registration, below one of `folders`.
        subject: what the answer calls it.
        folders: where the source may lie.
        home: where scratch files go, for as long as this takes; the system's place for them if None.
        levels: the table of classes and levels by which it is graded.
        today: for ages.
        samples: whether values are shown, beside figures about them.
        sm3: whether SM3 of the bytes is taken too.

    Raises:
        InputError and others of `atoll.sources`: it cannot be read.

    Cost: that of `atoll.node.reading.look_at`.
    """
    from atoll.exchange.grading import grade
    from atoll.sources import SourceRoot  # DuckDB and Arrow: most commands and nodes never need them
    from atoll.sources.fingerprints import read_table
    from atoll.sources.profiling import profile_reading

    with tempfile.TemporaryDirectory(dir=home, prefix="profile-") as name:
        scratch = Path(name)
        reading = read_table(address, root=SourceRoot(folders), scratch=scratch, out=scratch, sm3=sm3)
        profile, sample = profile_reading(reading)
    graded = grade(profile, sample, levels, today=today)
    grades = {one.name: one for one in graded.columns}
    table = reading.print
    return ProfileInfo(
        subject=subject,
        rows=table.rows,
        distinct_rows=table.distinct_rows,
        sampled_rows=profile.sampled_rows,
        bytes_sha256=table.bytes_sha256.hex(),
        bytes_sm3=table.bytes_sm3.hex() if table.bytes_sm3 else "",
        content=table.content_root.hex(),
        nameless=table.nameless_root.hex(),
        level=graded.level,
        level_text=level_text(graded.level, graded.status),
        table=graded.table,
        classes=list(graded.classes),
        allows=sorted(permitted_modes(graded.level)),
        columns=[_column(one, grades[one.name], graded.status, samples=samples) for one in profile.columns],
    )


def _column(one: ColumnProfile, grade: ColumnGrade, status: str, *, samples: bool) -> ColumnProfileInfo:
    return ColumnProfileInfo(
        type=str(one.type),
        nulls=one.nulls,
        distinct=one.distinct,
        shortest=one.shortest,
        longest=one.longest,
        mean_bytes=one.mean_bytes,
        quantiles=list(one.quantiles),
        shapes=[ShapeInfo(shape=shape, share_ppm=share) for shape, share in one.patterns],
        frequent=[FrequentInfo(value=value, count=count) for value, count in one.top] if samples else [],
        grade=describe_column(grade, status, with_samples=samples),
    )
