"""The exporter: everything that a stranger with a trust file needs to believe what became of one job, and nothing else.

It walks back from the newest agreed checkpoint to the job's beginnings, takes each transaction of the job with the proof of
its place, and for each the key, the membership and whatever it rested on, proved in the state of its block. What it made it
verifies before it hands it out: an exporter that cannot convince itself convinces nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TypeVar

from atoll.ledger.evidence import names
from atoll.ledger.evidence.bundle import encode_bundle
from atoll.ledger.evidence.errors import EvidenceError, NotClosable, NotExportable, NothingToExport
from atoll.ledger.evidence.history import EvidenceSource, History, LoggedBlock, walk_back
from atoll.ledger.evidence.parts import Logged, Proven, encode_part, reason
from atoll.ledger.evidence.steps import find_steps, standing_height
from atoll.ledger.evidence.trust import encode_trust_file, parse_trust_file
from atoll.ledger.evidence.verify import ENDINGS, verify_evidence
from atoll.ledger.fault import reads_as_fault
from atoll.ledger.records import (
    ConsensusSet,
    Dataset,
    Grant,
    GrantState,
    Job,
    JobInput,
    Key,
    Member,
    MemberState,
    Record,
    record_key,
)
from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ledger.rules.grant import GiveGrant
from atoll.ledger.rules.holds import targets_under
from atoll.ledger.rules.job import ConsentJob, ProposeJob, StartJob
from atoll.ledger.rules.order import ORDERS, OrderBody
from atoll.ledger.rules.receipt import GiveReceipt
from atoll.ledger.seal import parse_seal
from atoll.ledger.transaction import Transaction, parse_transaction
from atoll.primitives.ics23_codec import encode_proof
from atoll.primitives.smt import Tree
from atoll.trust.envelope import parse_envelope
from atoll.wire.message import parse_message

R = TypeVar("R", bound=Record)


def export_evidence(source: EvidenceSource, job_id: bytes, *, selective: Collection[str] = ()) -> bytes:
    """The evidence bundle of a job.

    Args:
        source: the node's own copy of the ledger, and the bodies it holds; bodies it does not hold stay closed.
        job_id: 16 bytes.
        selective: names of entries that stay closed: `plan`, `detail of ORG`, `terms of grant HEX`, `card of DATASET`.

    Returns:
        The bundle; equal ledgers and bodies give equal bytes.

    Raises:
        NothingToExport: the agreed ledger holds no such job.
        NotClosable: `selective` names what the bundle does not have, which could be a slip of the pen.
        NotExportable: something needed is not at hand, or what is at hand does not verify.

    Leaks: what the bundle holds, so give it to those who may read the plan, or close the plan.
    Cost: proportional to the ledger since the oldest thing the job rests on; a replay of the ledger if that is out of memory.
    """
    data = assemble_evidence(source, job_id, selective=selective)
    trust = parse_trust_file(encode_trust_file(source.ledger.genesis, source.ledger.genesis_digest))
    try:
        verify_evidence(data, trust)
    except EvidenceError as err:
        raise NotExportable(reason=reason(err)) from err
    return data


def assemble_evidence(source: EvidenceSource, job_id: bytes, *, selective: Collection[str] = ()) -> bytes:
    """As `export_evidence`, without verifying what comes out of it; for tests that need a bundle that does not hold."""
    return encode_bundle(_Export(source, job_id, frozenset(selective)).entries())


@dataclass(frozen=True, slots=True)
class _Found:
    """A transaction that belongs into the bundle."""

    name: str
    index: int
    data: bytes
    height: int
    transaction: Transaction
    kid: str


class _Export:
    """One bundle in the making."""

    def __init__(self, source: EvidenceSource, job_id: bytes, closed: frozenset[str]) -> None:
        self._source = source
        self._closed = closed
        self._seal = parse_seal(source.seal())
        self._size = self._seal.checkpoint.size
        top = next(walk_back(source, self._size, lowest=2**53))
        self._top = top.summary.height
        self._history = History(source, self._top)
        key = record_key(Job, job_id.hex())
        value = self._history.tree(self._top).get(key)
        if value is None:
            raise NothingToExport(height=self._top, job=job_id.hex())
        self._job = parse_message(value, Job)
        self._inputs: tuple[JobInput, ...] = self._job.inputs if self._job.started_height else ()
        self._targets = frozenset(targets_under(_Reader(self._history.tree(self._top)), self._job.parties, self._job.inputs))
        self._steps = find_steps(source, self._history, self._seal, self._top)
        self._blocks = {one.summary.height: one for one in walk_back(source, self._size, self._lowest())}
        self._heights: set[int] = set()
        self._records: dict[str, bytes] = {}
        closable = [name for name, _, _ in self._wanted()]
        for name in sorted(closed):
            if name not in closable:
                raise NotClosable(name=name, choices=", ".join(closable))

    def entries(self) -> Iterator[tuple[str, bytes]]:
        """Names and bytes, in the order in which a person would tell it."""
        acts = list(self._acts())
        self._history.prepare(height for act in acts for height in (act.height, act.height - 1))
        self._prove_state(acts)
        yield names.GENESIS, self._logged(0, self._source.ledger.genesis_entries[0])
        yield names.CHECKPOINT, self._seal.encode()
        for number, step in enumerate(self._steps, start=1):
            yield names.step(number), encode_part(step)
        yield from self._bodies()
        for act in acts:
            yield act.name, self._logged(act.index, act.data)
        yield from sorted(self._records.items())
        for height in sorted(self._heights):
            block = self._blocks[height]
            yield names.block(height), self._logged(block.index, block.data)

    # -- transactions ----------------------------------------------------------------------------------------------------------

    def _acts(self) -> Iterator[_Found]:
        """The transactions to prove, in the order of the log."""
        for height in sorted(self._blocks):
            block = self._blocks[height]
            for at, data in enumerate(block.transactions):
                if block.summary.outcomes[at] == 0 and not reads_as_fault(data):
                    found = self._find(block, at, data)
                    if found is not None:
                        yield found

    def _find(self, block: LoggedBlock, at: int, data: bytes) -> _Found | None:
        envelope, transaction = parse_transaction(data)
        name = self._name_of(transaction)
        if not name:
            return None
        kid = envelope.kid.decode()
        return _Found(name, block.summary.first + at, data, block.summary.height, transaction, kid)

    def _name_of(self, transaction: Transaction) -> str:
        """What the transaction is called in the bundle; empty if it does not belong there."""
        body, org = transaction.body, transaction.sender
        if body.get("job_id") == self._job.job_id:
            ending, kind = ENDINGS.get(self._job.state, ("", None))
            kinds = {
                ProposeJob.TAG: names.PROPOSAL,
                ConsentJob.TAG: names.consent(org),
                StartJob.TAG: names.START,
                GiveReceipt.TAG: names.receipt(org),
            }
            return ending if kind is not None and transaction.type == kind.TAG else kinds.get(transaction.type, "")
        for one in self._inputs:
            if transaction.type == RegisterDataset.TAG and body.get("dataset") == one.dataset:
                return names.registration(one.dataset)
            if transaction.type == GiveGrant.TAG and one.grant and body.get("grant") == one.grant:
                return names.giving(one.grant)
        return self._name_of_order(transaction)

    def _name_of_order(self, transaction: Transaction) -> str:
        """What an order is called that hits something the job rests on."""
        if transaction.type not in {one.TAG for one in ORDERS.values()}:
            return ""
        body = _order_in(transaction)
        hit = (body.target_kind, body.target) in self._targets
        return names.order(body.action, body.order) if hit else ""

    def _lowest(self) -> int:
        """The lowest block that the bundle can need."""
        tree = self._history.tree(self._top)
        heights = [self._job.proposed_height]
        for one in self._inputs:
            value = tree.get(record_key(Dataset, one.dataset))
            heights += [parse_message(value, Dataset).height] if value else []
        return min(heights) - 1

    # -- records ---------------------------------------------------------------------------------------------------------------

    def _prove_state(self, acts: list[_Found]) -> None:
        """Everything that the verifier will look up in a state."""
        for act in acts:
            self._heights.add(act.height)
            self._prove_around(Key, act.kid, act.height)
            self._prove_around(Member, act.transaction.sender, act.height)
            if act.name.startswith(names.ORDER):
                for signed in act.transaction.body["signed"]:
                    self._prove_around(Key, parse_envelope(signed).kid.decode(), act.height)
        started = self._job.started_height
        for one in self._inputs:
            self._prove_around(Dataset, one.dataset, started)
            if one.grant:
                self._prove_around(Grant, one.grant.hex(), started)
        self._prove(Job, self._job.identifier(), self._top)
        self._heights.add(self._top)
        if self._top:
            self._heights.add(self._top - 1)
            self._prove(ConsensusSet, "0", standing_height(self._seal, self._history, self._top))

    def _prove_around(self, kind: type[Record], identifier: str, height: int) -> None:
        """In the state after a block, or before it where a later transaction of the block changed it."""
        after = self._history.tree(height).get(record_key(kind, identifier))
        good = after is not None and _serves(parse_message(after, kind), height)
        self._prove(kind, identifier, height if good else height - 1)

    def _prove(self, kind: type[Record], identifier: str, height: int) -> None:
        tree: Tree = self._history.tree(height)
        proof = encode_proof(tree.prove(record_key(kind, identifier)))
        self._records[names.record(kind, identifier, height)] = encode_part(Proven(proof=proof))
        self._block(height)
        self._heights.add(height)

    def _block(self, height: int) -> LoggedBlock:
        if height not in self._blocks:
            raise NotExportable(reason=f"block {height} is needed and out of reach")
        return self._blocks[height]

    # -- bytes -----------------------------------------------------------------------------------------------------------------

    def _logged(self, index: int, data: bytes) -> bytes:
        proof = tuple(self._source.ledger.log.inclusion_proof(index, self._size))
        return encode_part(Logged(index=index, data=data, proof=proof))

    def _bodies(self) -> Iterator[tuple[str, bytes]]:
        """The committed bodies that are at hand and not to stay closed."""
        for name, kind, identifier in self._wanted():
            body = None if name in self._closed else self._source.body(kind, identifier)
            if body is not None:
                yield name, body

    def _wanted(self) -> list[tuple[str, str, str]]:
        """Name in the bundle, kind and identifier of each committed body."""
        job = self._job.identifier()
        wanted = [(names.PLAN, "plan", job)]
        for one in self._inputs:
            wanted.append((names.card(one.dataset), "card", one.dataset))
            if one.grant:
                wanted.append((names.terms(one.grant), "terms", one.grant.hex()))
        wanted += [(names.detail(org), "detail", f"{job}/{org}") for org in self._job.receipts]
        return list(dict.fromkeys(wanted))


class _Reader:
    """A state tree as rules read it."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def get(self, kind: type[R], identifier: str) -> R | None:
        data = self._tree.get(record_key(kind, identifier))
        return None if data is None else parse_message(data, kind)


def _order_in(transaction: Transaction) -> OrderBody:
    """What the persons of an order that was carried out signed."""
    return parse_message(parse_envelope(transaction.body["signed"][0]).payload, OrderBody)


def _serves(record: Record, height: int) -> bool:
    """Whether a record, as it was after a block, shows what a transaction of the block rested on."""
    if isinstance(record, Key):
        return record.is_valid_at(height)
    if isinstance(record, Member):
        return record.state is MemberState.ACTIVE
    if isinstance(record, Dataset):
        return record.is_usable_by(record.owner)
    return not isinstance(record, Grant) or record.state is GrantState.ACTIVE
