"""A job kind: everything the node needs to know to propose, judge, run and explain one sort of job.

The node knows this interface and no kind; a kind is logic that opens nothing. Over the life of a job the node calls

    draft(spec)      the proposer: fills in the parts of the plan that the kind derives
    explain(spec)    the proposer: which protocols there are for it, and why the draft takes the one it takes
    check(plan)      every party, before it decides: does the plan fit the kind, and does it tell the truth about itself
    verify_attached(plan, body)  likewise: is what travels beside the plan what the plan says of it
    verify_traffic(plan) likewise: does its own limit let it end
    verify_period(plan)  every party, before it decides and before it begins: is what lasts of this time
    demands(plan)    every owner, for `policy.decide`
    estimate(plan)   everybody, before consent
    program(...)     every party, after START: one role generator a place in the plan
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from atoll.jobs.bids import Bid, Share
from atoll.jobs.errors import BadPlan, WrongPeriod
from atoll.jobs.numbers import Numbers
from atoll.jobs.periods import period_of
from atoll.jobs.result import Result
from atoll.jobs.table import Rows
from atoll.ledger.plan import Coalition, Plan, PlanInput, PlanOutput, PlanParty, digest_attached
from atoll.policy.demand import Demand
from atoll.ports import Entropy
from atoll.protocols.psi.items import Items
from atoll.protocols.role import Party, Role
from atoll.wire.message import Document, Message

if TYPE_CHECKING:  # jobs that compute no shares do not load the engine
    from atoll.protocols.mpc.witness import Witness

Spec = TypeVar("Spec", bound=Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The parts of a plan that follow from the kind and its specification; all fields are the plan's own."""

    kind: str
    protocol: str
    protocol_version: int
    program: Document
    parties: tuple[PlanParty, ...]
    inputs: tuple[PlanInput, ...]
    outputs: tuple[PlanOutput, ...]
    coalitions: tuple[Coalition, ...]
    adversary_model: str
    leakage: str
    bids_until: int = 0
    """Until when owners commit to what they bring; 0 where they do not."""
    beside: bytes = field(default=b"", repr=False)
    """What travels beside the plan, which names its digest; empty for nothing."""
    attached: bytes = field(default=b"", init=False)
    """That digest."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "attached", digest_attached(self.beside) if self.beside else b"")

    def to_fields(self) -> dict[str, Any]:
        """For `Plan(**draft.to_fields(), ...)`; the node adds salt, chain, job id, purpose, limits and deadline."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name != "beside"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a job may take at most, told before anybody consents. For one party, on one core, at the row caps."""

    seconds: int
    """Time until the receiver has the result, links not counted."""
    traffic_bytes: int
    """What the busier side sends."""
    memory_bytes: int
    """Peak of the hungrier side's job process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way to carry out a job, weighed before anybody consents."""

    name: str
    """Protocol, and its variant where it has some."""
    chosen: bool
    """Whether the draft takes it."""
    why_not: str
    """Why it cannot serve; empty if it can, and then the rest is filled in."""
    seconds: float
    """Until the last receiver has its result, link included."""
    traffic_bytes: int
    """What all parties send together."""
    memory_bytes: int
    """Peak of the hungriest party."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a draft is as it is."""

    why: str = ""
    """In words; empty for kinds that choose nothing."""
    options: tuple[Option, ...] = ()
    """Those that can serve first, the fastest on top."""


@dataclass(frozen=True, slots=True)
class Input:
    """One of the plan's inputs, read and verified; it stays open until the program has ended."""

    items: Items = field(repr=False)
    """The normalised keys (`atoll.protocols.identifiers`) of its rows."""
    table: Rows | None = field(default=None, repr=False)
    """The cells of its rows, for places that show or send some; None where the plan lets a place use nothing but keys."""


class Tables(Protocol):
    """Where tables are kept between jobs, sealed; as `atoll.protocols.psi_oprf.TableCache`."""

    def load(self, key: bytes) -> bytes | None:
        """What was last saved under `key`, 32 bytes; None when there is nothing."""
        ...

    def save(self, key: bytes, table: bytes) -> None:
        """Keep `table` durably under `key`."""
        ...

    def note(self, key: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
        """Change a small note beside the table, durably and alone; what it says now. It stays as long as the period."""
        ...


@dataclass(frozen=True, slots=True)
class Lasting:
    """What a place has from one job to the next, for protocols that work in advance."""

    tables: Tables = field(repr=False)
    """This organisation's own."""
    secret: bytes = field(repr=False)
    """32 bytes, the same for every job on this place's dataset, and known to nobody else."""
    versions: Mapping[str, bytes] = field(repr=False)
    """For each dataset of the plan 32 bytes that stand for its registered version: its card's commitment on the ledger."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What one party brings into a run."""

    inputs: tuple[Input, ...] = ()
    """One for each of the plan's inputs that belong to this party's place, in the plan's order."""
    lasting: Lasting | None = None
    """For plans that `JobKind.lasts` says yes to."""
    tables: tuple[Numbers, ...] = field(default=(), repr=False)
    """In the place of `inputs` for kinds that bring numbers: one for each of them, in the same order."""
    attached: bytes = field(default=b"", repr=False)
    """What travelled beside the plan, verified."""
    attempt: int = 1
    """Number of the attempt; the same at all parties."""
    bids: tuple[Bid, ...] = ()
    """For plans with bidders: what they committed to on the ledger, in the order in which they did."""
    shares: tuple[Share, ...] = field(default=(), repr=False)
    """At a bidder that opens: its own three."""
    witness: Witness | None = field(default=None, repr=False)
    """At a compute node where the plan reckons with malicious ones: signs what it says to the other two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended at one party."""

    result_commitment: bytes
    """32 bytes, the same at all parties; they go into the receipts."""
    result: Result | None = None
    """For receivers only."""
    opening: bytes | None = field(default=None, repr=False)
    """For receivers only: 32 secret bytes that open the commitment; keep them with the result."""
    unopened: tuple[str, ...] = ()
    """At a compute node: bidders who did not open what they had committed to to either holder of a share."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Sizes by name, for this party's own eyes: nothing that others see may depend on them."""


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """One column of what a receiver will get."""

    name: str
    """Name in the result."""
    kind: str
    """`text`, `integer`, `decimal` or `boolean`."""


class Brings(StrEnum):
    """What a party's inputs are read from."""

    TABLES = "tables"
    """The source that was registered, read again and compared with its registration."""
    PRINTS = "prints"
    """What was kept of it when it was registered: its fingerprint."""
    BIDS = "bids"
    """One value that a person says, committed to on the ledger; no dataset."""
    NUMBERS = "numbers"
    """The source that was registered, its columns read as numbers by the rules that the plan's `normalisation` states."""


class JobKind(ABC, Generic[Spec]):
    """One sort of job. Instances hold no state."""

    brings: ClassVar[Brings] = Brings.TABLES
    """What its parties bring."""

    resumable: ClassVar[bool] = True
    """Whether its attempts go on after a lost link or a restart. Roles of many short rounds say no: an interruption then ends
    the attempt, nothing that it drew is used again, and their checkpoints are passed over."""

    name: ClassVar[str]
    """Name in plans and on the command line."""
    spec: ClassVar[type[Message]]
    """What a person says to propose such a job; `draft` takes one of these."""

    @abstractmethod
    def draft(self, spec: Spec) -> Draft:
        """The parts of a plan that follow from `spec`.

        Raises:
            BadPlan: no plan of this kind can be made from it.
        """

    @abstractmethod
    def check(self, plan: Plan) -> None:
        """Refuse a plan that this kind cannot carry out or that misstates what it does.

        Raises:
            BadPlan: with the reason.
        """

    @abstractmethod
    def demands(self, plan: Plan) -> tuple[Demand, ...]:
        """What the job asks of each owner, one an input, in the plan's order. The plan was checked."""

    @abstractmethod
    def estimate(self, plan: Plan) -> Estimate:
        """What the job takes at its row caps. The plan was checked."""

    @abstractmethod
    def leakage(self, plan: Plan) -> str:
        """What each party learns beside its output, in words; a checked plan says the same."""

    @abstractmethod
    def parameters(self, plan: Plan) -> Document:
        """Security parameters by name, for receipts. The plan was checked."""

    def verify_attached(self, plan: Plan, body: bytes) -> None:
        """Refuse a plan that says something else than what travels beside it. The plan was checked, the digest compared.

        Args:
            body: empty where nothing travels beside it.

        Raises:
            BadPlan: with the reason.
        """
        if body or plan.attached:
            raise BadPlan(kind=self.name, reason="nothing travels beside a plan of this kind")

    def read_attached(self, plan: Plan, body: bytes) -> str:  # noqa: ARG002 - for kinds that attach something
        """What travels beside the plan, for people who are to decide on it."""
        return ""

    def list_attached(self, body: bytes) -> str:  # noqa: ARG002 - for kinds that attach something
        """Every step of what travels beside a plan, for people who are to stand for it; verified with its plan."""
        return ""

    def split_bid(self, plan: Plan, value: int, entropy: Entropy) -> tuple[Share, ...]:  # noqa: ARG002 - for kinds with bidders
        """The shares of a bid, to be committed to. The plan was checked.

        Raises:
            BadBid: it lies outside what the plan asks for, or nothing is bid for.
        """
        raise BadPlan(kind=self.name, reason="nothing is bid for in a plan of this kind")

    def explain(self, spec: Spec) -> Explanation:  # noqa: ARG002 - for kinds that choose
        """Which ways there are to carry out `spec`, and why the draft takes the one it takes.

        Raises:
            BadPlan: no plan of this kind can be made from it.
        """
        return Explanation()

    def lasts(self, plan: Plan) -> bool:  # noqa: ARG002 - few do
        """Whether its program wants what lasts from one job to the next (`Inputs.lasting`)."""
        return False

    def in_period(self, spec: Spec, period: int) -> Spec:  # noqa: ARG002 - for kinds that last
        """The specification as it is drafted in a period (`atoll.jobs.periods`), whatever it said of that."""
        return spec

    def period(self, plan: Plan) -> int | None:  # noqa: ARG002 - for kinds that last
        """The period to which what lasts of this plan belongs; None if nothing lasts. The plan was checked."""
        return None

    def verify_period(self, plan: Plan, now: int) -> None:
        """Refuse to use what lasts outside its period.

        Args:
            plan: checked.
            now: by this node's own time; a proposer's word does not count.

        Raises:
            WrongPeriod: the plan names another period.
        """
        said, current = self.period(plan), period_of(now)
        if said is not None and said != current:
            raise WrongPeriod(said=said, current=current)

    def verify_traffic(self, plan: Plan) -> None:
        """Refuse what its own limit would end on the way: by then consents were given, and uses charged.

        Args:
            plan: checked.

        Raises:
            BadPlan: the plan may send less than it is estimated to.
        """
        needed, allowed = self.estimate(plan).traffic_bytes, plan.limits.traffic_bytes
        if allowed < needed:
            raise BadPlan(kind=self.name, reason=f"a party sends about {needed} bytes, and may send {allowed}")

    @abstractmethod
    def result_schema(self, plan: Plan) -> tuple[ResultColumn, ...]:
        """The columns of the result."""

    @abstractmethod
    def program(self, plan: Plan, me: Party, inputs: Inputs, *, seed: bytes, resume: bytes | None = None) -> Role[Outcome]:
        """This party's part of the run.

        Args:
            plan: checked, consented to and started.
            me: this party's place in it.
            inputs: what the plan says that place brings.
            seed: 32 secret bytes, fresh for this attempt and durable before the first step; the same again for a resume.
            resume: state of the checkpoint to go on from; None at the start.

        Raises:
            BadInputs: `inputs` are not what the plan says.
            PeerError: another party broke the protocol.
        """
