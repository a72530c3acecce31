"""Quality at this node: measured on what it owns, vouched for by its key, read and verified of others."""

from __future__ import annotations

import base64
import binascii
import tempfile
from pathlib import Path

from atoll.api.models import MeasuredValue, QualityInfo, QualityReportInfo, QualityRunInfo, Receipt
from atoll.errors import AtollError
from atoll.exchange.catalogue.names import dataset_iri
from atoll.exchange.quality.errors import BadReport
from atoll.exchange.quality.metrics import GRADES, MetricSet, packaged
from atoll.exchange.quality.report import (
    QUALITY_DOMAIN,
    Basis,
    Opinion,
    OpinionStatement,
    QualityRun,
    RunStatement,
    SignedRun,
    draft_run,
    parse_run,
    run_digest,
    to_dqv,
    verify_opinion,
)
from atoll.exchange.quality.score import Count, score_of, values_of
from atoll.exchange.quality.subject import Described, Subject, questions, subject_of
from atoll.ledger.records import Dataset, Key, QualityReport, opinion_id
from atoll.ledger.rules.quality import ReportQuality, WithdrawQuality
from atoll.node.bodies import Bodies, Kind
from atoll.node.catalogue import Catalogue, info_of
from atoll.node.context import NodeContext
from atoll.node.errors import BadRequest, NoSuchThing
from atoll.node.keyring import KeyRing
from atoll.ordering.engine import Acknowledged
from atoll.policy.card import DatasetCard
from atoll.primitives.commitment import commit
from atoll.storage.store import LocalDataset
from atoll.trust.algorithms import Algorithm
from atoll.trust.envelope import Context, Envelope, encode_aad, parse_envelope, seal_envelope, verify_envelope
from atoll.trust.keys import Purpose, parse_kid
from atoll.wire.message import Message, encode_message, parse_message


class Quality:
    """Measures, vouches, reads."""

    def __init__(self, context: NodeContext, bodies: Bodies, catalogue: Catalogue, keys: KeyRing) -> None:
        self._context = context
        self._bodies = bodies
        self._catalogue = catalogue
        self._keys = keys

    async def measure(self, dataset: str, *, publish: bool, remark: str) -> QualityRunInfo:
        """Measure a dataset of this organisation on all its rows, and sign what was found.

        Args:
            dataset: owner/name/version.
            publish: sign it as this organisation's opinion as well, and put that on the ledger.
            remark: of that opinion.

        Raises:
            NoSuchThing: it is not registered, not this organisation's, or its card is not here.
            NothingToMeasure: all its columns are hidden.
            SourceChanged and others of `atoll.sources`: the source is not what was registered, or cannot be read.
            MetricFailed: see there.
            TransactionRefused: the ledger's rules refuse the opinion.
        """
        record = self._context.need(Dataset, dataset)
        local, card = self._context.store.dataset(dataset), self._bodies.card(dataset)
        if local is None or card is None or not self._bodies.fits(self._context.view(), Kind.CARD, dataset):
            raise NoSuchThing(what="dataset of its own", name=dataset)
        metrics, now = packaged(), self._context.now()
        rows, counts = await self._context.offload(lambda: self._read(local, card_subject(card), metrics, now))
        run = draft_run(
            metrics,
            values_of(counts),
            rows=rows,
            dataset=dataset,
            card_commitment=record.card_commitment,
            basis=Basis.SOURCE,
            measured_by=self._context.org,
            time=now,
            software=self._context.software,
        )
        data = encode_message(run)
        signed = SignedRun(run=data, envelope=self._seal(RunStatement(run_digest=run_digest(data)), Context.QUALITY_RUN))
        self._context.note("person", "quality.run", dataset, GRADES[run.grade - 1])
        receipt = receipt_of(await self._publish(signed, run, remark)) if publish else None
        file = base64.b64encode(encode_message(signed)).decode()
        return describe_run(run, card, metrics).model_copy(update={"file": file, "receipt": receipt})

    async def sign(self, file: str, remark: str) -> Acknowledged:
        """Vouch for a run that an owner's node measured, and put the opinion on the ledger.

        Args:
            file: the signed run, base64.
            remark: what was inspected, and how.

        Raises:
            BadRequest: the file is none.
            BadReport: its signature or score does not hold, or it is not about the dataset as registered.
            TransactionRefused: this organisation is neither the owner nor an evaluator.
        """
        try:
            signed = parse_message(base64.b64decode(file, validate=True), SignedRun)
        except (binascii.Error, ValueError, AtollError) as err:
            raise BadRequest(reason="the file is not a signed run") from err
        return await self._publish(signed, self._verified_run(signed), remark)

    async def withdraw(self, dataset: str) -> Acknowledged:
        """Take this organisation's opinion of a dataset version back."""
        self._context.note("person", "quality.withdraw", dataset, "asked")
        return await self._context.outbox.submit(WithdrawQuality(dataset=dataset))

    def list(self, dataset: str) -> list[QualityInfo]:
        """All opinions of a dataset version, newest first.

        Raises:
            NoSuchThing: it is not registered.
        """
        self._context.need(Dataset, dataset)
        return self._catalogue.opinions(dataset)

    async def report(self, dataset: str, evaluator: str) -> QualityReportInfo:
        """One evaluator's report, fetched and verified.

        Raises:
            NoSuchThing: there is none, or the dataset's card does not hold.
            BodyOnItsWay: the report or the card did not reach this node in time.
            BadReport: it does not hold.
        """
        view, name = self._context.view(), opinion_id(dataset, evaluator)
        dataset_record, record = self._context.need(Dataset, dataset), view.get(QualityReport, name)
        if record is None:
            raise NoSuchThing(what="report", name=name)
        data = await self._bodies.need(view, Kind.QUALITY, name, (evaluator, record.dataset.split("/")[0]))
        await self._bodies.need(view, Kind.CARD, dataset, (dataset_record.owner,))
        card, _ = self._bodies.believed(view, dataset)
        if card is None:
            raise NoSuchThing(what="card that holds of", name=dataset)
        opinion = parse_message(data, Opinion)
        run = self._verified_run(opinion.run)
        envelope = self._verified(opinion.envelope, evaluator, Context.QUALITY_OPINION)
        statement = parse_message(envelope.payload, OpinionStatement)
        verify_opinion(run, statement, opinion.run, record)
        columns = tuple(one.name for one in card.columns)
        return QualityReportInfo(
            opinion=info_of(record),
            remark=statement.remark,
            run=describe_run(run, card, packaged()),
            dqv=to_dqv(run, record, columns, iri=dataset_iri(view.chain.chain_id, dataset)),
        )

    async def _publish(self, signed: SignedRun, run: QualityRun, remark: str) -> Acknowledged:
        statement = OpinionStatement(run_digest=run_digest(signed.run), evaluator=self._context.org, remark=remark)
        opinion = Opinion(
            salt=self._context.entropy.bytes(32), run=signed, envelope=self._seal(statement, Context.QUALITY_OPINION)
        )
        data = encode_message(opinion)
        self._bodies.keep(Kind.QUALITY, opinion_id(run.dataset, self._context.org), data)
        self._context.note("person", "quality.report", run.dataset, GRADES[run.grade - 1])
        return await self._context.outbox.submit(
            ReportQuality(
                dataset=run.dataset,
                commitment=commit(QUALITY_DOMAIN, opinion.salt, data),
                metrics=run.metrics_digest,
                grade=run.grade,
                score_ppm=run.score_ppm,
            )
        )

    def _verified_run(self, signed: SignedRun) -> QualityRun:
        """The run, if the owner's node signed it and it is about the dataset version as it stands on the ledger."""
        told = parse_message(signed.run, QualityRun)
        record = self._context.need(Dataset, told.dataset)
        envelope = self._verified(signed.envelope, record.owner, Context.QUALITY_RUN)
        run = parse_run(signed, parse_message(envelope.payload, RunStatement), packaged())
        if (run.card_commitment, run.basis, run.measured_by) != (record.card_commitment, Basis.SOURCE, record.owner):
            raise BadReport(reason="it was not measured by the owner's node on the version as registered")
        return run

    def _verified(self, data: bytes, org: str, context: Context) -> Envelope:
        """An envelope that an organisation's identity key signed; a key that was revoked since signed nothing any more."""
        try:
            envelope = parse_envelope(data)
            name = parse_kid(envelope.kid)
            key = self._context.view().get(Key, envelope.kid.decode())
            if name.org == org and name.purpose is Purpose.IDENTITY and key is not None and key.revoked_height is None:
                verify_envelope(envelope, key, self._aad(context))
                return envelope
        except AtollError as err:
            raise BadReport(reason=f"the signature of {org} does not hold") from err
        raise BadReport(reason=f"it is not signed with an identity key of {org}")

    def _seal(self, statement: Message, context: Context) -> bytes:
        kid = self._keys.current(Purpose.IDENTITY, self._context.view())
        sign = self._keys.signing(Purpose.IDENTITY, self._context.view)
        payload = encode_message(statement)
        return seal_envelope(payload, kid=kid.encode(), algorithm=Algorithm.ED25519, sign=sign, aad=self._aad(context))

    def _aad(self, context: Context) -> bytes:
        chain = self._context.view().chain
        return encode_aad(chain.chain_id, chain.genesis_digest, context)

    def _read(self, local: LocalDataset, subject: Subject, metrics: MetricSet, now: int) -> tuple[int, tuple[Count, ...]]:
        from atoll.sources import SourceRoot, open_source, parse_fingerprint  # DuckDB and Arrow: most nodes never need them
        from atoll.sources.metrics import measure

        asked = list(questions(subject, metrics, now=now))
        registered = parse_fingerprint(local.digest)
        with tempfile.TemporaryDirectory(dir=self._context.config.home.path, prefix="quality-") as folder:
            scratch = Path(folder)
            root = SourceRoot(self._context.config.folders)
            with open_source(local.path, root=root, scratch=scratch, registered=registered) as source:
                return measure(source, [one.name for one in subject.columns], asked, scratch=scratch)


def card_subject(card: DatasetCard) -> Subject:
    """What is measured of a dataset. Raises as `subject_of`."""
    return subject_of(
        [Described(one.name, one.semantics, one.normalisation, one.exposure) for one in card.columns],
        accrual=card.accrual,
        description=card.description,
        purposes=card.purposes,
        keywords=card.keywords,
    )


def describe_run(run: QualityRun, card: DatasetCard, metrics: MetricSet) -> QualityRunInfo:
    """A run as the API shows it."""
    values = []
    for one in run.values:
        metric = metrics.metric(one.metric) if run.metrics_digest == metrics.digest else None
        values.append(
            MeasuredValue(
                metric=one.metric,
                dimension=metric.dimension if metric else "",
                column=card.columns[one.column - 1].name if 0 < one.column <= len(card.columns) else "",
                ppm=one.ppm,
                threshold_ppm=metric.threshold_ppm if metric else 0,
                cells_at_most=one.cells,
                meaning=metric.meaning if metric else "",
            )
        )
    return QualityRunInfo(
        dataset=run.dataset,
        basis=run.basis,
        metrics=run.metrics,
        metrics_digest=run.metrics_digest.hex(),
        status=run.status,
        rows_at_most=run.rows_at_most,
        score_ppm=run.score_ppm,
        grade=GRADES[run.grade - 1],
        dimensions=dict(score_of(metrics, run.told(), rows=run.rows_at_most).dimensions),
        values=values,
        measured_by=run.measured_by,
        time=run.time,
    )


def receipt_of(acknowledged: Acknowledged) -> Receipt:
    """An acknowledgement as the API shows it."""
    return Receipt(height=acknowledged.height, index=acknowledged.index, transaction=acknowledged.transaction_id.hex())
