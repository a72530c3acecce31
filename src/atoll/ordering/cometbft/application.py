"""What CometBFT asks of this node's ledger, as calls: check, propose, carry out, commit.

    check      at the door of the mempool, against the committed state
    prepare    a proposal of this node's own              accepts   whether to stand for another's
    finalize   carry a decided block out, in memory       commit    make it durable, then take it over

`finalize` persists nothing and may come again for the same height after a restart; `commit` is one durable transaction over
block, records and the place where the ledger stands. What CometBFT asks out of turn is an error, and errors end the node.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from atoll.ledger.app_hash import AppState
from atoll.ledger.apply import Context, Outcome, check
from atoll.ledger.block import MAX_BLOCK_TRANSACTIONS, Block
from atoll.ledger.chain import Executed, Ledger
from atoll.ledger.fault import ConsensusFault
from atoll.ledger.records import ConsensusSet, Key, Member, MemberState, record_key
from atoll.ledger.transaction import transaction_id
from atoll.ordering.cometbft.admitted import Admitted, Entry, read_entry
from atoll.ordering.cometbft.asking import Asked
from atoll.ordering.cometbft.decided import (
    MAX_FAULTS,
    Sifted,
    is_readable,
    is_sound,
    misfit,
    proposed_bytes,
    sift,
    validator_updates,
)
from atoll.ordering.cometbft.errors import OutOfTurn
from atoll.ordering.cometbft.failpoints import (
    COMMIT_DURABLE,
    COMMIT_OPEN,
    FINALIZE_BEGIN,
    FINALIZE_END,
    FailPoint,
    insecure_fail_point,
    no_fail_point,
)
from atoll.ordering.cometbft.parameters import Initial, verify_initial
from atoll.ordering.cometbft.proposals import Row, in_order_of_nonces
from atoll.ordering.cometbft.store import CometStore, Tip, app_state
from atoll.ordering.engine import AgreedBlock
from atoll.ordering.offload import Offload, in_thread, whole
from atoll.ordering.verdicts import FEW, Verdicts
from atoll.primitives.smt import Tree
from atoll.wire.message import parse_message

_CONSENSUS = record_key(ConsensusSet, "0")
_MEMBERS = Member.NAMESPACE.encode() + b"\0"
_KEYS = Key.NAMESPACE.encode() + b"\0"
LOOKED_AT = 2
"""For a proposal, so many times as many transactions are looked at as fit, in case some are turned away."""


@dataclass(frozen=True, slots=True)
class Finalized:
    """What a decided block does."""

    outcomes: tuple[Outcome, ...]
    """One a transaction."""
    validator_updates: tuple[tuple[bytes, int], ...]
    """Keys whose power changes, and what it is from now on; they vote from two heights later."""
    app_hash: bytes
    """What the next header says."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A block of CometBFT that is durable here."""

    tip: Tip
    """Where the ledger stands after it."""
    agreed: AgreedBlock | None
    """The ledger's block; None where it held no transactions."""
    changes_consensus: bool
    """Whether other keys vote after it, or the record of who does has changed in another way."""


@dataclass(frozen=True, slots=True)
class _Pending:
    tip: Tip
    executed: Executed | None


class Application:
    """See the module's docstring. All calls belong to one event loop; those of one connection come one after another."""

    def __init__(
        self,
        *,
        genesis_file: bytes,
        store: CometStore,
        offload: Offload = in_thread,
        retain_blocks: int = 0,
    ) -> None:
        """Open the store; errors as `CometStore.open_ledger`, and UnknownRules where the next block needs a newer release.

        Args:
            genesis_file: the ledger's signed genesis.
            store: opened; closed by `close`.
            offload: where heavy work is done.
            retain_blocks: how many of its newest blocks CometBFT has to keep; 0 for all. The ledger itself keeps everything.
        """
        self.store = store
        self.ledger: Ledger
        self.tip: Tip
        self.ledger, self.tip = store.open_ledger(genesis_file)
        self.ledger.need_rules()
        self.verdicts = Verdicts()
        self._admitted = Admitted()
        self.offload = offload
        self.genesis_file = genesis_file
        self.on_commit: Callable[[Committed], None] = _ignore
        """Called on the event loop when a block is durable and taken over. CometBFT's mempool is locked until it returns, so it
        may submit nothing and wait for nothing."""
        self.on_restored: Callable[[], None] = _nothing
        """Called on the event loop when a snapshot has been taken over."""
        self._retain_blocks = retain_blocks
        self._members: tuple[Member, ...] | None = None
        self._pending: _Pending | None = None
        self._lock = asyncio.Lock()
        self._pass: FailPoint = insecure_fail_point() if self.ledger.genesis.test else no_fail_point

    async def close(self) -> None:
        """Wait for what is under way, then close the store."""
        async with self._lock:
            self.store.close()

    # -- reading ---------------------------------------------------------------------------------------------------------------

    def tree_at(self, consensus_height: int) -> Tree | None:
        """The state after a block of CometBFT; None if it is not committed, older than HISTORY_HEIGHTS ledger blocks, or
        before the snapshot that this node began with."""
        if not 0 <= consensus_height <= self.tip.consensus_height:
            return None
        height = self.store.height_at(consensus_height)
        return None if height is None else self.ledger.tree_at(height)

    def state_at(self, consensus_height: int) -> AppState | None:
        """What the app hash after a block of CometBFT stands for; None as `tree_at`."""
        height, tree = self.store.height_at(consensus_height), self.tree_at(consensus_height)
        if height is None or tree is None:
            return None
        size = self.store.size_at(height) or len(self.ledger.genesis_entries)
        return AppState(log_size=size, log_root=self.ledger.log.root(size), state_root=tree.root)

    def members(self) -> tuple[Member, ...]:
        """The active ones."""
        if self._members is None:
            records = (parse_message(data, Member) for _, data in self.ledger.tree.items(_MEMBERS))
            self._members = tuple(one for one in records if one.state is MemberState.ACTIVE)
        return self._members

    def peers(self) -> frozenset[str]:
        """Names of the CometBFT nodes of active members: nobody else's may connect."""
        return frozenset(one.consensus_peer.partition("@")[0] for one in self.members() if one.consensus_peer)

    # -- the door --------------------------------------------------------------------------------------------------------------

    def check(self, transaction: bytes) -> Outcome:
        """Whether a transaction would be let in now: form, sender, signature, nonce and expiry, not its rule."""
        return misfit(transaction) or check(self.ledger.reader(), transaction, self._context())

    async def check_many(self, asked: Sequence[Asked]) -> list[Outcome]:
        """As `check` of each, their signatures verified together.

        Of those that CometBFT holds, what was let in before is not read again, nor its signature.
        """
        new = [one for one in asked if not (one.again and one.id in self._admitted)]

        def work() -> list[Outcome]:
            self._warm([one.data for one in new])
            context = self._context()
            return [self._recheck(one, context) if one.again else self._check(one, context) for one in asked]

        return work() if len(new) <= FEW else await self.offload(work)

    def _check(self, asked: Asked, context: Context) -> Outcome:
        changes = self._admitted.changes
        outcome = misfit(asked.data) or check(self.ledger.reader(), asked.data, context)
        if outcome.ok:
            self._admitted.add(asked, changes)
        return outcome

    def _recheck(self, asked: Asked, context: Context) -> Outcome:
        known = self._admitted.get(asked.id)
        return self._check(asked, context) if known is None else known.recheck(self.ledger.reader(), context)

    def _context(self) -> Context:
        return Context(height=self.ledger.height + 1, time=self.ledger.time, verify=self.verdicts)

    def _warm(self, transactions: Sequence[bytes]) -> None:
        """Verify together, each by the one strict check, the signatures of those that have not been seen."""
        self.verdicts.warm_transactions(transactions, self.ledger.reader(), self.ledger.height + 1)

    # -- proposals -------------------------------------------------------------------------------------------------------------

    async def prepare(
        self, transactions: Sequence[bytes], max_bytes: int, faults: Sequence[ConsensusFault] = ()
    ) -> list[bytes]:
        """A proposal: each sender's transactions in the order of their nonces, without those that would be turned away.

        Args:
            transactions: from the mempool, in its order.
            max_bytes: how much room the block has.
            faults: what the block will hold evidence of.
        """
        max_count = MAX_BLOCK_TRANSACTIONS - min(len(faults), MAX_FAULTS)
        return await self.offload(lambda: self._prepare(transactions, max_count, max_bytes))

    def _prepare(self, transactions: Sequence[bytes], max_count: int, max_bytes: int) -> list[bytes]:
        row = Row(self.ledger.reader(), self._context())
        waiting = [(data, self._known(data)) for data in transactions[: LOOKED_AT * max_count]]
        readable = [(data, known or read_entry(data)) for data, known in waiting if known is not None or is_readable(data)]
        is_known = {data for data, known in waiting if known is not None}
        chosen: list[bytes] = []
        for data, entry in in_order_of_nonces(readable):
            size = proposed_bytes(data)
            if len(chosen) == max_count or size > max_bytes:
                break
            if row.takes(data, entry if data in is_known else None):
                chosen.append(data)
                max_bytes -= size
        return chosen

    def _known(self, data: bytes) -> Entry | None:
        return self._admitted.get(transaction_id(data))

    async def accepts(self, transactions: Sequence[bytes], faults: Sequence[ConsensusFault]) -> bool:
        """Whether to stand for a proposal: every transaction in it would be let in now, after those before it.

        Depends on the proposal and on the committed state alone, so that all nodes say the same. What is refused here would be
        written down for good by every node, and nobody would have to answer for it.
        """

        def work() -> bool:
            known = {data: self._known(data) for data in transactions}
            unknown = [data for data, entry in known.items() if entry is None]
            if not is_sound(transactions, faults, unread=unknown):
                return False
            self._warm(unknown)
            row = Row(self.ledger.reader(), self._context())
            return all(row.takes(data, known[data]) for data in transactions)

        return await self.offload(work)

    # -- blocks ----------------------------------------------------------------------------------------------------------------

    def begin(self, initial: Initial) -> bytes:
        """CometBFT starts from its genesis file: the app hash to start from.

        Raises:
            GenesisMismatch: that file is not this ledger's.
            OutOfTurn: this ledger has begun already.
        """
        if self.tip.consensus_height != 0:
            raise OutOfTurn(reason=f"CometBFT begins anew, the ledger stands at its height {self.tip.consensus_height}")
        verify_initial(initial, self.ledger.genesis, self.ledger.genesis_digest)
        return self.tip.app_hash

    async def finalize(
        self, height: int, time: int, transactions: Sequence[bytes], faults: Sequence[ConsensusFault]
    ) -> Finalized:
        """Carry a decided block out, in memory.

        Args:
            height: CometBFT's.
            time: of its header, whole seconds.
            transactions: in order.
            faults: what it holds evidence of.

        Raises:
            OutOfTurn: it does not follow the last committed block.
        """
        async with self._lock:
            self._pass(FINALIZE_BEGIN)
            if height != self.tip.consensus_height + 1:
                raise OutOfTurn(reason=f"block {height} was decided, the ledger stands at {self.tip.consensus_height}")
            sifted = sift(transactions, faults)
            executed = await self.offload(lambda: self._execute(sifted, time)) if sifted.entries else None
            tip = self._tip_after(executed, height)
            self._pending = _Pending(tip, executed)
            outcomes = sifted.outcomes(executed.outcomes if executed is not None else ())
            updates = validator_updates(self.ledger.consensus, self._consensus_after(executed))
            self._pass(FINALIZE_END)
            return Finalized(tuple(outcomes), updates, tip.app_hash)

    def _execute(self, sifted: Sifted, time: int) -> Executed:
        self._warm(sifted.entries[sifted.faults :])
        ledger = self.ledger
        block = Block(
            height=ledger.height + 1,
            term=ledger.consensus.term,
            time=max(time, ledger.time),
            transactions=sifted.entries,
        )
        return ledger.execute(block, verify=self.verdicts)

    def _tip_after(self, executed: Executed | None, height: int) -> Tip:
        state, ledger = app_state(self.ledger), self.ledger
        if executed is not None:
            frontier = ledger.log.frontier().extend(executed.leaves)
            state = AppState(log_size=frontier.size, log_root=frontier.root, state_root=executed.tree.root)
        return Tip(
            consensus_height=height,
            height=ledger.height + (executed is not None),
            time=executed.block.time if executed is not None else ledger.time,
            app_hash=state.app_hash,
        )

    def _consensus_after(self, executed: Executed | None) -> ConsensusSet:
        if executed is None or _CONSENSUS not in executed.changes:
            return self.ledger.consensus
        return parse_message(executed.changes[_CONSENSUS], ConsensusSet)

    async def commit(self) -> int:
        """Make the last decided block durable and take it over; the lowest height that CometBFT has to keep, 0 for all.

        Raises:
            OutOfTurn: no block was carried out since the last commit.
            StoreFull: the disk took it not.
            UnknownRules: it is durable, and the next one needs a newer release.
        """
        await whole(self._commit())
        keep = self._retain_blocks
        return max(self.tip.consensus_height - keep + 1, 0) if keep else 0

    async def _commit(self) -> None:
        async with self._lock:
            pending = self._pending
            if pending is None:
                raise OutOfTurn(reason="it commits a block that it has not had carried out")
            inside = lambda: self._pass(COMMIT_OPEN)  # noqa: E731
            await self.offload(lambda: self.store.commit(pending.tip, self.ledger, pending.executed, inside=inside))
            self._pass(COMMIT_DURABLE)
            changes_consensus = False
            if pending.executed is not None:
                changes_consensus = _CONSENSUS in pending.executed.changes
                self.ledger.adopt(pending.executed)
                self._forget(pending.executed.changes)  # after it: a thread that still reads the old state is noticed
            self.tip, self._pending = pending.tip, None
        done = pending.executed
        agreed = None if done is None else AgreedBlock(done.block, done.summary, done.outcomes)
        self.on_commit(Committed(pending.tip, agreed, changes_consensus))
        self.ledger.need_rules()

    def _forget(self, changes: Iterable[bytes]) -> None:
        """What was looked up in records that are others now."""
        if any(key.startswith((_MEMBERS, _KEYS)) for key in changes):
            self._members = None
            self._admitted.clear()

    def take_over(self, ledger: Ledger, tip: Tip) -> None:
        """Go on from a snapshot that the store holds already."""
        self.ledger, self.tip, self._pending, self._members = ledger, tip, None, None
        self._admitted.clear()
        self.on_restored()


def _ignore(committed: Committed) -> None:
    del committed


def _nothing() -> None:
    return None
