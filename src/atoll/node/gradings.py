"""Grades of files and datasets: asked of detectors, shown beside what the ledger holds, changed by people who sign."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from atoll.api.models import (
    ApprovalInfo,
    ApproveRequest,
    ColumnGradeInfo,
    FindingInfo,
    GradeFile,
    GradeInfo,
    LevelTableInfo,
    RegradeInfo,
    RegradeRequest,
)
from atoll.exchange.grading.model import ColumnGrade, Finding, Grading
from atoll.ledger.records import Dataset, LevelApproval, Regrade
from atoll.ledger.rules.grade import ApproveLevel, RegradeDataset
from atoll.node.bodies import PATIENCE_SECONDS, Bodies, Kind
from atoll.node.context import NodeContext
from atoll.node.errors import BadRequest
from atoll.node.levels import LevelTables
from atoll.ordering.engine import Acknowledged
from atoll.policy.levels import STATUS, level_of, level_text, permitted_modes
from atoll.primitives.commitment import commit

REASON_DOMAIN = "level-reason"


class Gradings:
    """Grades files, shows grades, and signs changes of levels."""

    def __init__(self, context: NodeContext, bodies: Bodies, tables: LevelTables) -> None:
        self._context = context
        self._bodies = bodies
        self._tables = tables

    async def grade_file(self, request: GradeFile) -> GradeInfo:
        """What the detectors say of a file of this organisation, registered or not. Nothing of it is kept.

        Raises:
            UnknownLevelTable, UnknownHarm, BadRequest: what is asked for does not exist.
            InputError and others of `atoll.sources`: the source cannot be read.
        """
        address = f"{request.path}#{request.table}" if request.table else request.path
        return await self._context.offload(lambda: self._grade(address, request))

    async def show(self, identifier: str) -> GradeInfo:
        """A dataset's grade: the level that the ledger handles it by, and what its owner's card says of it.

        Raises:
            NoSuchThing: the ledger holds none of this name.
        """
        view, record = self._context.view(), self._context.need(Dataset, identifier)
        level = level_of(view, record)
        await self._bodies.fetch(view, Kind.CARD, identifier, (record.owner,), patience_seconds=PATIENCE_SECONDS)
        card, _ = self._bodies.believed(view, identifier)
        grading = card.grading if card is not None else None
        status = grading.status if grading is not None else STATUS
        columns = [
            ColumnGradeInfo(name=one.name, level=one.level, level_text=level_text(one.level, status), classes=list(one.classes))
            for one in (card.columns if card is not None else ())
        ]
        approval = view.get(LevelApproval, identifier)
        return GradeInfo(
            subject=identifier,
            level=level,
            level_text=level_text(level, status),
            table=grading.table if grading is not None else "",
            status=status,
            graded_by=grading.graded_by if grading is not None else "person",
            reason=grading.reason if grading is not None else "",
            classes=list(card.classes) if card is not None else [],
            columns=columns,
            change=self._change(view.get(Regrade, identifier)),
            approval=ApprovalInfo(regulator=approval.regulator, parties=list(approval.parties), not_after=approval.not_after)
            if approval is not None
            else None,
            allows=sorted(permitted_modes(level)),
        )

    async def override(self, identifier: str, request: RegradeRequest, approval: bytes = b"") -> Acknowledged:
        """Change a level on the ledger: signed with this organisation's identity key, the reason kept here.

        Args:
            identifier: the dataset.
            request: its new level, and why.
            approval: envelope of one of this organisation's approvers, without which data of G4 or above are not lowered.

        Raises:
            UnknownLevelTable: the table of levels is not here.
            TransactionRefused: lowered without a reason or without the person's signature that it needs, below a regulator's
                floor, or not this organisation's to change.
        """
        table = self._tables.get(request.levels)
        commitment = self._keep_reason(request.reason) if request.reason else b""
        body = RegradeDataset(
            dataset=identifier, level=request.level, table=table.id, reason_commitment=commitment, approval=approval
        )
        acknowledged = await self._context.outbox.submit(body)
        self._context.note("person", "grade.override", identifier, level_text(request.level, table.status))
        return acknowledged

    async def approve(self, identifier: str, request: ApproveRequest) -> Acknowledged:
        """Permit, as a regulator, that some members compute with important data; with no parties, take that back.

        Raises:
            TransactionRefused: this organisation is no regulator, takes part itself, or the data are not important.
        """
        body = ApproveLevel(
            dataset=identifier,
            parties=tuple(sorted(set(request.parties))),
            not_after=request.not_after,
            reason_commitment=self._keep_reason(request.reason),
        )
        acknowledged = await self._context.outbox.submit(body)
        self._context.note("person", "grade.approve", identifier, ", ".join(body.parties) or "taken back")
        return acknowledged

    def tables(self) -> list[LevelTableInfo]:
        """The tables of levels that this node has.

        Raises:
            BadLevelTable: a file of this organisation's own is none.
        """
        usual = self._tables.get("").id
        return [
            LevelTableInfo(
                id=one.id,
                title=one.title,
                status=one.status,
                source=one.source,
                jurisdiction=one.jurisdiction,
                usual=one.id == usual,
                kinds={kind: list(classes) for kind, classes in one.kinds.items()},
                minimum=dict(one.minimum),
                harms={f"{whom}={degree}": outcome for (whom, degree), outcome in one.harm.items()},
            )
            for one in self._tables.all().values()
        ]

    def _keep_reason(self, reason: str) -> bytes:
        """Durable here before its commitment goes anywhere."""
        salt = self._context.entropy.bytes(32)
        commitment = commit(REASON_DOMAIN, salt, reason.encode())
        self._context.store.set_meta(f"{REASON_DOMAIN}/{commitment.hex()}", salt + reason.encode())
        return commitment

    def _change(self, record: Regrade | None) -> RegradeInfo | None:
        if record is None:
            return None
        kept = self._context.store.meta(f"{REASON_DOMAIN}/{record.reason_commitment.hex()}") or b""
        return RegradeInfo(
            level=record.level,
            before=record.before,
            floor=record.floor,
            by=record.by,
            height=record.height,
            reason_commitment=record.reason_commitment.hex(),
            reason=kept[32:].decode(),
        )

    def _grade(self, address: str, request: GradeFile) -> GradeInfo:
        from atoll.exchange.grading import grade
        from atoll.sources import SourceRoot, open_source
        from atoll.sources.profiling import profile_source

        table = self._tables.get(request.levels)
        for code in request.industry:
            if not table.is_class(f"industry:{code}"):
                raise BadRequest(reason=f"{code} is no code of {table.industry_scheme}")
        harms = [table.level_of_harm(*one.partition("=")[::2]) for one in request.harms]
        root = SourceRoot(self._context.config.folders)
        with (
            tempfile.TemporaryDirectory(dir=self._context.config.home.path, prefix="grade-") as scratch,
            open_source(address, root=root, scratch=Path(scratch)) as source,
        ):
            profile, sample = profile_source(source)
        today = datetime.fromtimestamp(self._context.clock.now(), UTC).date()
        found = grade(profile, sample, table, today=today, parents=harms, industry=request.industry)
        return _describe(
            found, request.path, rows=profile.rows, sampled_rows=profile.sampled_rows, with_samples=request.samples
        )


def _describe(found: Grading, subject: str, *, rows: int, sampled_rows: int, with_samples: bool) -> GradeInfo:
    return GradeInfo(
        subject=subject,
        level=found.level,
        level_text=level_text(found.level, found.status),
        table=found.table,
        status=found.status,
        graded_by=found.graded_by,
        classes=list(found.classes),
        columns=[describe_column(one, found.status, with_samples=with_samples) for one in found.columns],
        rows=rows,
        sampled_rows=sampled_rows,
        allows=sorted(permitted_modes(found.level)),
    )


def describe_column(one: ColumnGrade, status: str, *, with_samples: bool) -> ColumnGradeInfo:
    """What is said of a column; the values that were found only if they are wanted."""
    return ColumnGradeInfo(
        name=one.name,
        level=one.level,
        level_text=level_text(one.level, status),
        classes=list(one.classes),
        findings=[_describe_finding(each, with_samples=with_samples) for each in one.findings],
    )


def _describe_finding(one: Finding, *, with_samples: bool) -> FindingInfo:
    return FindingInfo(
        detector=one.detector,
        scheme=one.scheme,
        confidence=one.confidence,
        looked_at=one.looked_at,
        matched=one.matched,
        by_name=one.by_name,
        samples=list(one.samples) if with_samples else [],
    )
