"""The ledger as people look at it through this node: entries, records with proofs, checkpoints, and a check of all of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from typing import Any

from atoll.api.models import CheckpointInfo, LogEntry, RecordInfo, VerifyInfo
from atoll.errors import AtollError, catalogue
from atoll.ledger import records
from atoll.ledger.block import Block, BlockSummary
from atoll.ledger.chain import Ledger
from atoll.ledger.errors import BadBlock
from atoll.ledger.evidence import encode_trust_file
from atoll.ledger.fault import ConsensusFault, reads_as_fault
from atoll.ledger.genesis import verify_genesis
from atoll.ledger.records import ConsensusSet
from atoll.ledger.seal import HeaderSeal, NoteSeal, Seal, parse_seal
from atoll.ledger.tlog_policy import encode_policy
from atoll.ledger.transaction import parse_transaction
from atoll.ledger.vouching import counting, kind_of_trust, verify_seal
from atoll.node.context import NodeContext
from atoll.node.errors import NoSuchThing
from atoll.node.tlog.members import present_policy
from atoll.ordering.errors import NotAgreedYet
from atoll.primitives.ics23_codec import encode_proof
from atoll.wire.message import parse_message
from atoll.wire.plain import to_plain

MAX_ENTRIES = 1000
_CODES = {one.number: code for code, one in catalogue().items() if one.number}
"""Code of each rule that can refuse, by its number."""


def _kinds() -> dict[str, type[records.Record]]:
    found = [one for one in vars(records).values() if isinstance(one, type) and issubclass(one, records.Record)]
    return {one.NAMESPACE: one for one in found if one.NAMESPACE}


class LedgerDesk:
    """Answers questions about the ledger from this node's own copy."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._kinds = _kinds()

    def log(self, first: int, count: int) -> list[LogEntry]:
        """Agreed log entries from `first`; a negative one counts from the end."""
        size = self._context.view().log_size
        start = max(0, size + first) if first < 0 else min(first, size)
        return [self._entry(index) for index in range(start, min(start + min(count, MAX_ENTRIES), size))]

    def record(self, namespace: str, identifier: str) -> RecordInfo:
        """A record, or the proof that there is none."""
        kind = self._kinds.get(namespace)
        if kind is None:
            raise NoSuchThing(what="namespace", name=namespace)
        view = self._context.view()
        key = records.record_key(kind, identifier)
        data = view.tree.get(key)
        return RecordInfo(
            key=f"{namespace}/{identifier}",
            height=view.height,
            value=to_plain(parse_message(data, kind)) if data is not None else None,
            state_root=view.tree.root.hex(),
            proof=encode_proof(view.tree.prove(key)).hex(),
        )

    def checkpoint(self) -> CheckpointInfo:
        """The newest checkpoint with a quorum."""
        engine, view = self._context.engine, self._context.view()
        consensus, seal = view.consensus, parse_seal(engine.seal())
        return CheckpointInfo(
            seal=seal.kind.value,
            note=seal.encode().decode() if isinstance(seal, NoteSeal) else "",
            size=view.log_size,
            quorum=f"{consensus.quorum()} of {len(consensus.counted())}",
            freshness_seconds=max(0, self._context.clock.now() - engine.freshness()),
        )

    async def verify(self) -> VerifyInfo:
        """Carry out every agreed block again from the genesis, and compare the roots.

        Raises:
            BadBlock: another root comes out; this node's store is not what was agreed.
            IntegrityError: what vouches for the roots does not hold under the members that the blocks themselves name.
        """
        view, seal = self._context.view(), self._seal()
        blocks = list(self._context.engine.blocks(1, view.height))
        started = time.monotonic()
        ledger, before = await self._context.offload(lambda: self._replay(blocks))
        if (ledger.tree.root, ledger.log.root()) != (view.tree.root, view.log_root):
            raise BadBlock(height=ledger.height, reason="carrying out the log again gives another root")
        return VerifyInfo(
            height=ledger.height,
            entries=ledger.log.size,
            root=ledger.log.root().hex(),
            state_root=ledger.tree.root.hex(),
            standing=_standing(seal, ledger, before) if seal is not None else "",
            seconds=round(time.monotonic() - started, 3),
        )

    def _seal(self) -> Seal | None:
        """What vouches for the view; None where nothing does yet."""
        try:
            return parse_seal(self._context.engine.seal())
        except NotAgreedYet:
            return None

    def trust_file(self, *, present: bool = False) -> str:
        """What an outsider needs to verify evidence offline; hand it over in person, not beside the evidence.

        Args:
            present: the members' keys of today instead, as a tlog-policy: for witnesses and proofs of logging.
        """
        if present:
            view = self._context.view()
            head = f"# Keys and quorum of {view.chain.chain_id} after block {view.height}\n"
            return head + encode_policy(present_policy(view)).decode()
        genesis, digest = verify_genesis(self._need_entry(0))
        return encode_trust_file(genesis, digest)

    def _replay(self, blocks: list[Block]) -> tuple[Ledger, ConsensusSet]:
        """The ledger after all blocks, and who counted before the last of them."""
        ledger = Ledger(self._need_entry(0))
        ledger.replay(blocks[:-1])
        before = ledger.consensus
        ledger.replay(blocks[-1:])
        return ledger, before

    def _entry(self, index: int) -> LogEntry:
        data = self._need_entry(index)
        summary = self._summary_of(index)
        number = summary.outcome_of(index)
        outcome = "ok" if not number else _CODES.get(number, str(number))
        kind, sender, body = "summary", "", to_plain(summary)
        if index == 0:
            kind, body = "genesis", {}
        elif number is not None:
            kind, sender, body = _describe(data)
        return LogEntry(
            index=index,
            height=summary.height,
            time=summary.time,
            kind=kind,
            sender=sender,
            outcome=outcome,
            body=body,
            digest=hashlib.sha256(data).hexdigest(),
        )

    def _summary_of(self, index: int) -> BlockSummary:
        """The summary that closes the block of an entry: the first summary at or after it."""
        for data in self._entries_from(max(index, 1)):
            try:
                return parse_message(data, BlockSummary)
            except AtollError:
                continue  # a transaction: an array of four, never a tagged message
        raise NoSuchThing(what="log entry", name=str(index))

    def _entries_from(self, index: int) -> Iterator[bytes]:
        while (data := self._context.engine.entry(index)) is not None:
            yield data
            index += 1

    def _need_entry(self, index: int) -> bytes:
        data = self._context.engine.entry(index)
        if data is None:
            raise NoSuchThing(what="log entry", name=str(index))
        return data


def _standing(seal: Seal, ledger: Ledger, before: ConsensusSet) -> str:
    """What vouches for a ledger that was just carried out, in the words that every screen uses."""
    members = counting(seal, before=before, after=ledger.consensus)
    vouched = verify_seal(seal, chain_id=ledger.genesis.chain_id, consensus=members)
    if (vouched.checkpoint.size, vouched.checkpoint.root) != (ledger.log.size, ledger.log.root()):
        raise BadBlock(height=ledger.height, reason="what was signed is over another log")
    if isinstance(seal, HeaderSeal) and seal.state_root != ledger.tree.root:
        raise BadBlock(height=ledger.height, reason="what was voted for is another state")
    return kind_of_trust(members, len(vouched.stood_at))


def _describe(data: bytes) -> tuple[str, str, dict[str, Any]]:
    """Type, sender and body of a logged transaction, which may be anything."""
    try:
        if reads_as_fault(data):
            fault = parse_message(data, ConsensusFault)
            return fault.TAG, "", to_plain(fault.to_map())
        _, transaction = parse_transaction(data)
    except AtollError:
        return "malformed", "", {}
    return transaction.type, transaction.sender, to_plain(dict(transaction.body))
