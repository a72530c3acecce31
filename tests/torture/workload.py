"""Clients that set, register and count through any validator, and the book that says what must have become of it.

    set        a member names its listener; the last word holds
    register   a dataset's next version; only after the one before it, so its outcome tells what the sender had read
    count      a key's version goes up by one

Everything an operation tells, it tells through its place in the log and its outcome: a read is a transaction. A history is
linearisable if, in the order of the log, every outcome is the one that a naive book gives, and nothing that was acknowledged
before something else was sent comes after it.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from atoll.ledger.block import Block
from atoll.ledger.fault import reads_as_fault
from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ledger.rules.keys import RotateKey
from atoll.ledger.rules.membership import SetEndpoints
from atoll.ledger.transaction import parse_transaction, transaction_id
from atoll.testing.consortium import Founding
from atoll.trust.keys import Purpose
from tests.torture.network import CLIENTS, Done, Network, Unanswered

REGISTRATIONS = 200
"""Of one member; the ledger takes 256 a day."""
MOST_NAMED = 2 * 3
"""Of one key at one height: in prevotes and in precommits, in each of the rounds that a height may take on a busy machine."""


@dataclass(slots=True)
class Sent:
    """One operation of one client."""

    data: bytes
    sent_at: float
    """When it was first handed over."""
    done: Done | None = None
    done_at: float = 0.0
    tries: int = 0


@dataclass(slots=True)
class History:
    """What all clients saw."""

    operations: list[Sent] = field(default_factory=list)

    @property
    def acknowledged(self) -> list[Sent]:
        """Those that ended well."""
        return [one for one in self.operations if one.done is not None]


class Clients:
    """Threads, each one member, each with one operation at a time, through whoever answers."""

    def __init__(
        self,
        network: Network,
        *,
        seed: int,
        pause_seconds: float = 0.0,
        count: int = len(CLIENTS),
        through: Sequence[str] | None = None,
    ) -> None:
        """Nothing is sent yet.

        Args:
            network: whose validators they use.
            seed: of what they do.
            pause_seconds: how long each waits between two operations.
            count: how many.
            through: which validators they trust; any unless given.
        """
        self.history = History()
        self._network = network
        self._through = through
        self._pause = pause_seconds
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=(org, random.Random(f"{seed}/{org}")), daemon=True)
            for org in CLIENTS[:count]
        ]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=60)

    def acknowledged(self) -> int:
        """How many so far."""
        return len(self.history.acknowledged)

    def _run(self, org: str, dice: random.Random) -> None:
        maker = Maker(self._network.founding, org, dice)
        while not self._stop.is_set():
            sent = Sent(maker.next(), time.monotonic())
            with self._lock:
                self.history.operations.append(sent)
            self._carry_through(sent, dice)
            maker.told(sent.done)
            time.sleep(self._pause)

    def _carry_through(self, sent: Sent, dice: random.Random) -> None:
        """The same bytes again, here and there, until they are acknowledged; or the end comes first."""
        while not self._stop.is_set():
            running = [one for one in self._network.running() if self._through is None or one.org in self._through]
            sent.tries += 1
            try:
                sent.done = dice.choice(running).submit(sent.data, seconds=5) if running else None
            except (Unanswered, AssertionError):
                time.sleep(0.2)
            if sent.done is not None:
                sent.done_at = time.monotonic()
                return


class Maker:
    """One member's operations."""

    def __init__(self, founding: Founding, org: str, dice: random.Random) -> None:
        self._founding = founding
        self._org = org
        self._dice = dice
        self._versions: dict[str, int] = {}
        self._last = ""
        self._registered = 0
        self._peer = next(one.consensus_peer for one in founding.genesis.founders if one.org == org)

    def next(self) -> bytes:
        """The bytes of another operation."""
        self._last = ""
        kinds: list[Callable[[], bytes]] = [self._set, self._count]
        if self._registered < REGISTRATIONS:
            kinds.append(self._register)
        return self._dice.choice(kinds)()

    def told(self, done: Done | None) -> None:
        """What became of it."""
        if self._last and done is not None and done.number == 0:
            self._versions[self._last] = self._versions.get(self._last, 0) + 1

    def _set(self) -> bytes:
        peer = f"{self._org}.example:{self._dice.randrange(1, 65536)}"
        return self._founding.sign(self._org, SetEndpoints(peer=peer, https="", consensus_peer=self._peer))

    def _count(self) -> bytes:
        return self._founding.sign(self._org, RotateKey(purpose=Purpose.TLS, public=self._dice.randbytes(64), second=b""))

    def _register(self) -> bytes:
        """The next version of a name; now and then one that comes too early, or a second time."""
        self._registered += 1
        name = self._dice.choice(("cards", "loans", "calls"))
        version = self._versions.get(name, 0) + 1
        ahead = self._dice.choice((0, 0, 0, 1, -1))
        if ahead == 0:
            self._last = name
        body = RegisterDataset(
            dataset=f"{self._org}/{name}/{max(1, version + ahead)}", card_commitment=self._dice.randbytes(32), level=2
        )
        return self._founding.sign(self._org, body)


class Book:
    """What must become of the clients' transactions, told in the order of the log. It knows nothing of the rules' code."""

    def __init__(self) -> None:
        self.nonces: dict[str, int] = {}
        self.versions: dict[str, int] = {}
        self.counts: dict[str, int] = {}
        self.values: dict[str, str] = {}

    def carry_out(self, data: bytes) -> bool:
        """Whether it must have been carried out."""
        transaction = parse_transaction(data)[1]
        org, body = transaction.sender, transaction.body
        if transaction.nonce <= self.nonces.get(org, 0):
            return False
        self.nonces[org] = transaction.nonce
        match transaction.type:
            case RegisterDataset.TAG:
                lineage, _, version = str(body["dataset"]).rpartition("/")
                if int(version) != self.versions.get(lineage, 0) + 1:
                    return False
                self.versions[lineage] = int(version)
            case RotateKey.TAG:
                self.counts[org] = self.counts.get(org, 0) + 1
            case SetEndpoints.TAG:
                self.values[org] = str(body["peer"])
        return True


def verify_history(history: History, network: Network) -> int:
    """Every promise, on every validator that runs; how many transactions were looked at.

    Raises:
        AssertionError: something acknowledged is missing, doubled, elsewhere or in another order; or validators differ.
    """
    logs = {one.org: one.blocks(1) for one in network.running()}
    shortest = min(len(log) for log in logs.values())
    assert shortest > 0
    assert len({tuple(log[:shortest]) for log in logs.values()}) == 1, "validators have different blocks at one height"
    longest = max(logs.values(), key=len)
    outcomes = replay_outcomes(network.founding, longest)
    order = {transaction_id(data): at for at, data in reversed(list(enumerate(outcomes.transactions)))}
    for sent in history.acknowledged:
        assert sent.done is not None
        at = order.get(transaction_id(sent.data))
        assert at is not None, "an acknowledged transaction is lost"
        assert outcomes.indices[at] == sent.done.index, "it stands elsewhere in the log than was said"
        assert outcomes.heights[at] == sent.done.height, "it stands in another block than was said"
        assert outcomes.numbers[at] == sent.done.number, "it had another outcome than was said"
    carried = [data for data, number in zip(outcomes.transactions, outcomes.numbers, strict=True) if number == 0]
    submitted = [data for data in carried if not reads_as_fault(data)]
    assert len(set(submitted)) == len(submitted), "a transaction was carried out twice"
    faults = Counter(data for data in carried if reads_as_fault(data))
    assert max(faults.values(), default=0) <= MOST_NAMED, "a fault stands more often than its key can have voted twice"
    _verify_book(outcomes)
    _verify_real_time(history)
    return len(outcomes.transactions)


@dataclass(slots=True)
class Outcomes:
    """A log as a flat list of transactions."""

    transactions: list[bytes] = field(default_factory=list)
    heights: list[int] = field(default_factory=list)
    indices: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)


def replay_outcomes(founding: Founding, blocks: Sequence[Block]) -> Outcomes:
    """Carry the blocks out once more, from the genesis."""
    from atoll.ledger.chain import Ledger

    ledger, outcomes = Ledger(founding.genesis_file), Outcomes()
    for block in blocks:
        executed = ledger.execute(block)
        for at, data in enumerate(block.transactions):
            outcomes.transactions.append(data)
            outcomes.heights.append(block.height)
            outcomes.indices.append(executed.summary.first + at)
            outcomes.numbers.append(executed.summary.outcomes[at])
        ledger.adopt(executed)
    return outcomes


def _verify_book(outcomes: Outcomes) -> None:
    book = Book()
    for data, number in zip(outcomes.transactions, outcomes.numbers, strict=True):
        if reads_as_fault(data):
            continue  # CometBFT's word that somebody voted twice
        if parse_transaction(data)[1].sender in CLIENTS:
            assert book.carry_out(data) == (number == 0), "an outcome is not what the order of the log asks for"


def _verify_real_time(history: History) -> None:
    """What was acknowledged before something else was sent stands before it."""
    done = sorted((one for one in history.acknowledged), key=lambda one: one.sent_at)
    by_end = sorted(history.acknowledged, key=lambda one: one.done_at)
    highest, at = -1, 0
    for one in done:
        while at < len(by_end) and by_end[at].done_at < one.sent_at:
            ended = by_end[at].done
            assert ended is not None
            highest, at = max(highest, ended.index), at + 1
        assert one.done is not None and one.done.index > highest, "what was sent later stands before what was acknowledged"
