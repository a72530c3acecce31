"""The interface of an ordering engine: what a node may rely on, whichever engine puts transactions in order.

    submit      hand a transaction over; returns when it is acknowledged
    follow      every agreed block in order, then wait for the next
    view        the state as agreed, carried out by this very node
    prove       a record, or that there is none, under an agreed checkpoint
    freshness   when a quorum last stood for it
    snapshot    everything another store needs to start from here

*Acknowledged* means: durable here and at q validating members, and below a checkpoint that these q cosigned after carrying out
every transaction themselves. Whatever is returned by any method of this interface is acknowledged; a node never sees less.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from atoll.ledger.apply import Outcome
from atoll.ledger.block import Block, BlockSummary
from atoll.ledger.chain import Ledger
from atoll.ledger.fault import reads_as_fault
from atoll.ledger.records import Chain, ConsensusSet, Record, record_key
from atoll.ledger.state import Records, State
from atoll.ledger.transaction import Transaction, parse_transaction
from atoll.primitives.ics23_ops import ExistenceProof, NonExistenceProof
from atoll.primitives.smt import Tree
from atoll.wire.message import parse_message

FRESH_SECONDS = 60
"""No consent, START or release on a checkpoint older than this (SECURITY 3.2)."""
MOST_RECENT = 1024
SHORT_BYTES = 2048
"""Of that many records, none longer than this, it is remembered how they read: 6 MB at most."""

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A transaction that is in the ledger for good."""

    transaction_id: bytes
    """SHA-256 of the submitted bytes."""
    height: int
    """Block that holds it."""
    index: int
    """Its entry in the log."""
    outcome: Outcome
    """Carried out, or refused by a rule: number, code and sentence. A refused transaction is on the ledger too."""


@dataclass(frozen=True, slots=True)
class AgreedBlock:
    """One agreed block with what became of its transactions."""

    block: Block
    """The block."""
    summary: BlockSummary
    """Its last log entry; `summary.first` is the log index of its first transaction."""
    outcomes: tuple[Outcome, ...]
    """One a transaction. Sentences are for people and may be missing in a block that was carried out before a restart."""

    def carried_out(self) -> Iterator[Transaction]:
        """What members asked for and got, in order; refusals and what the engine itself wrote are left out."""
        for data, outcome in zip(self.block.transactions, self.outcomes, strict=True):
            if outcome.ok and not reads_as_fault(data):
                yield parse_transaction(data)[1]


@dataclass(frozen=True, slots=True)
class StateProof:
    """That a record had this value at a height, or that there was none: everything down from one seal."""

    key: bytes
    """Raw key of the record."""
    value: bytes | None
    """The record's bytes; None where the proof shows absence."""
    state_proof: ExistenceProof | NonExistenceProof
    """Leads from the key to the state root in the summary; ICS 23 under `SMT_SPEC`."""
    summary: bytes
    """Log entry that holds the state root: the last entry below the checkpoint."""
    log_proof: tuple[bytes, ...]
    """Inclusion of that entry in the checkpoint."""
    seal: bytes
    """What vouches for the checkpoint; see `atoll.ledger.seal`."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An agreed state to start from: the records, and the seal that vouches for them."""

    height: int
    """Block after which it was taken."""
    records: Mapping[bytes, bytes]
    """Every record by raw key."""
    summary: bytes
    """Log entry with the state root over the records."""
    log_proof: tuple[bytes, ...]
    """Inclusion of that entry in the checkpoint."""
    seal: bytes
    """What vouches for the checkpoint; see `atoll.ledger.seal`."""


@dataclass(frozen=True, slots=True)
class View:
    """The agreed state at one height. A value: later blocks do not change it."""

    height: int
    """Last block in it."""
    time: int
    """That block's time, Unix seconds."""
    log_size: int
    """Entries of the log below it."""
    log_root: bytes
    """Root of the log at that size."""
    agreed_at: int
    """The q-th newest cosignature's time, Unix seconds; 0 before the first."""
    tree: Tree
    """The state tree."""

    def get(self, kind: type[R], identifier: str) -> R | None:
        """A record, or None where there is none."""
        data = self.tree.get(record_key(kind, identifier))
        return None if data is None else _read(data, kind)

    def all(self, kind: type[R]) -> Iterator[R]:
        """Every record of a kind, by identifier. Cost: that of reading them; what else the state holds costs nothing."""
        for _, data in self.tree.items(kind.NAMESPACE.encode() + b"\0"):
            yield _read(data, kind)

    def state(self) -> State:
        """A state to try things on; what is written to it stays there."""
        return State(Records(self.tree))

    @property
    def chain(self) -> Chain:
        """The ledger's own record."""
        return _read(self.tree.get(record_key(Chain, "0")) or b"", Chain)

    @property
    def consensus(self) -> ConsensusSet:
        """Who orders and who cosigns."""
        return _read(self.tree.get(record_key(ConsensusSet, "0")) or b"", ConsensusSet)


_RECENT: dict[bytes, Record] = {}
"""Records that were read, by their encoding. Members, their keys and open jobs are asked for again and again."""


def _read(data: bytes, kind: type[R]) -> R:
    """The record of a kind in `data`; nobody can change it, so it may be the same object as before."""
    record = _RECENT.get(data)
    if isinstance(record, kind):
        return record
    read = parse_message(data, kind)
    if len(data) <= SHORT_BYTES:
        if len(_RECENT) >= MOST_RECENT:
            _RECENT.clear()
        _RECENT[data] = read
    return read


class Candidacy(Protocol):
    """How far a member is that wants to put transactions in order."""

    @property
    def term(self) -> int:
        """Term it stands for."""
        ...

    @property
    def votes(self) -> int:
        """Votes it has."""
        ...

    @property
    def needed(self) -> int:
        """Votes it needs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How this node's validator process is, for people."""

    state: str
    """`running`, `restarting`, `stopped` or `failed`."""
    reason: str
    """Why the process last ended; empty where it never did."""
    restarts: int
    """How often it was started again."""
    votes: bool
    """Whether its key votes on blocks now; a node whose key does not, follows."""
    catching_up: bool
    """Whether it still fetches blocks that the others have agreed on long ago."""
    peers: int
    """Nodes it is connected to."""
    consensus_height: int
    """CometBFT's newest block that was carried out here; counts empty ones too."""


class Engine(Protocol):
    """See the module's docstring. All methods belong to one event loop."""

    @property
    def kind(self) -> str:
        """What every screen says of it: `embedded` (tamper-evident under one operator) or `cometbft` (consensus)."""
        ...

    async def start(self) -> None:
        """Begin to take part. Raises an IntegrityError where the store is not what was signed."""
        ...

    async def stop(self) -> None:
        """Leave; nothing acknowledged is lost, waiting submissions end with NotAcknowledged."""
        ...

    async def failed(self) -> None:
        """Wait until this node can take part no more; cancellation ends the wait.

        Raises:
            AtollError: always, with the reason and what to do about it: the node has to stop, so that somebody looks.
        """
        ...

    def condition(self) -> Condition | None:
        """How the process beside this one is that votes on blocks; None where the engine has none."""
        ...

    def methods(self) -> Mapping[str, Callable[[str, bytes], Awaitable[bytes]]]:
        """What other members' nodes may ask of this engine, by name."""
        ...

    async def submit(self, transaction: bytes, *, timeout_seconds: float = 30.0) -> Acknowledged:
        """Hand a signed transaction over, and wait until it is acknowledged.

        Args:
            transaction: as `seal_transaction` made it. The same bytes may be submitted again, here or at another member: they
                are carried out once, and each call returns the same answer.
            timeout_seconds: how long to wait; the transaction is kept and forwarded after that, too.

        Raises:
            NotAdmitted: turned away at the door; nothing was recorded.
            NotAcknowledged: no quorum in time; it may still be carried out.
            TooManyWaiting, ShareFull, StoreFull: nothing was taken.
        """
        ...

    def follow(self, from_height: int = 1) -> AsyncIterator[AgreedBlock]:
        """Agreed blocks from a height on, in order, without end; ends when the engine stops."""
        ...

    def view(self) -> View:
        """The agreed state. Raises nothing; ask `require_fresh` before acting on it."""
        ...

    def prove(self, raw_key: bytes) -> StateProof:
        """A record, or its absence, under the newest agreed checkpoint.

        Raises:
            NotAgreedYet: there is no agreed checkpoint yet.
        """
        ...

    def snapshot(self) -> Snapshot:
        """The agreed state as a whole.

        Raises:
            NotAgreedYet: there is no agreed checkpoint yet.
        """
        ...

    def freshness(self) -> int:
        """When a quorum last stood for the view: the q-th newest cosignature, Unix seconds; 0 if never."""
        ...

    def require_fresh(self, limit_seconds: int = FRESH_SECONDS) -> View:
        """The view, if it may be acted on.

        Raises:
            StaleView: the q-th newest cosignature is older than this.
        """
        ...

    def seal(self) -> bytes:
        """What vouches for the newest agreed checkpoint, as `atoll.ledger.seal.parse_seal` reads it.

        A C2SP signed note with its cosignatures on the embedded engine, a header seal on CometBFT.

        Raises:
            NotAgreedYet: there is none yet.
        """
        ...

    @property
    def ledger(self) -> Ledger:
        """This member's own ledger, at the newest agreed block or later; to be read, never written."""
        ...

    def blocks(self, first: int, last: int) -> Iterator[Block]:
        """Agreed blocks by height, both ends included."""
        ...

    def seal_of(self, height: int) -> bytes | None:
        """A seal that covers this block: its own, or the next one that was kept; None where there is none.

        The seals of blocks that change who counts are kept for good, because evidence has to walk over them.
        """
        ...

    def entry(self, index: int) -> bytes | None:
        """A log entry below the newest agreed checkpoint; None where there is none."""
        ...

    def entries(self, first: int, count: int) -> Iterator[bytes]:
        """Log entries from `first` on, in order; as many of `count` as are agreed. Cost: each block is read once."""
        ...

    def find(self, identifier: bytes) -> Acknowledged | None:
        """What became of a transaction, by the SHA-256 of its bytes; None where no agreed block holds it."""
        ...

    def log_proof(self, index: int) -> tuple[bytes, ...]:
        """Inclusion of a log entry in the newest agreed checkpoint."""
        ...

    async def vote(self, new_sequencer: str) -> Candidacy:
        """Leave the current term in favour of a new sequencer; the new term begins by itself once it has enough votes.

        Raises:
            HandoverRefused: this engine has no sequencer to replace, or the member cannot become one.
        """
        ...
