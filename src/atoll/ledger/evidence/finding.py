"""What a verified bundle says, as data: who did what, when, under which plan, and who stands for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from atoll.ledger.detail import ReceiptDetail
from atoll.ledger.evidence.acts import Act
from atoll.ledger.evidence.orders import Ordered
from atoll.ledger.plan import Plan
from atoll.ledger.records import EngineKind, JobState
from atoll.wire.message import Message
from atoll.wire.plain import to_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Consented:
    """One party's consent."""

    act: Act
    """The signed transaction."""
    software: str
    """Version of its node, by its own word."""
    build: str
    """Digest of its build, by its own word."""
    standing: bytes = b""
    """The standing consent that it rested on, a person's word given in advance; empty where it rested on none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipted:
    """One participant's receipt."""

    act: Act
    """The signed transaction."""
    detail: ReceiptDetail | None
    """What it says about the run; None where that part is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """One dataset that the job used, and what permitted it."""

    dataset: str
    """owner/name/version."""
    owner: str
    """Who registered it."""
    level: int
    """Level G1 to G4."""
    rows_cap: int
    """Most rows that might take part."""
    registration: Act
    """The owner's registration."""
    card: Mapping[str, Any] | None
    """The dataset's card; None where it is closed."""
    grant: bytes
    """The grant; empty where the owner used its own data for itself."""
    grantee: str
    """To whom it was given; empty without a grant."""
    giving: Act | None
    """The owner's giving of it."""
    not_before: int
    """First second at which the grant held; 0 without one."""
    not_after: int
    """Last second at which the grant held; 0 without one."""
    terms: Mapping[str, Any] | None
    """The grant's terms; None where they are closed or there is no grant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Who stands for the ledger that all of this is in."""

    kind: str
    """In the words that every screen uses: `tamper-evident under one operator, cosigned by 4 of 4`, or
    `consensus, voted for by 3 of 4 validators`."""
    engine: EngineKind
    """What put transactions in order."""
    sequencer: str
    """The member that ordered transactions last; it does not count. Empty on CometBFT, where nobody does alone."""
    term: int
    """Number of sequencers up to it."""
    cosigned_at: Mapping[str, int]
    """Members that count and have cosigned or voted, with the newest time of each by its own clock, Unix seconds."""
    quorum: int
    """How many were needed."""
    counted: int
    """How many count."""
    agreed_at: int
    """The q-th newest of these times: so fresh is the evidence."""
    size: int
    """Entries in the log."""
    root: bytes
    """Root over them."""
    height: int
    """Last block."""
    time: int
    """That block's time."""
    steps: int
    """Changes of sequencer or members between the founding and this checkpoint that were walked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Everything that was verified. What is not in here was not."""

    chain_id: str
    """The consortium's ledger."""
    genesis_digest: bytes
    """Its genesis, the same as in the trust file."""
    founded: int
    """When it was founded, Unix seconds."""
    test: bool
    """True for a consortium that may run insecure modes."""
    job_id: bytes
    """The job."""
    kind: str
    """Job kind."""
    state: JobState
    """Where the job stands at the checkpoint."""
    reason: str
    """Code of a refusal or failure; empty otherwise."""
    plan_digest: bytes
    """What everybody consented to."""
    plan: Plan | None
    """The plan itself; None where it is closed."""
    parties: tuple[str, ...]
    """Organisations that had to consent, sorted."""
    receivers: tuple[str, ...]
    """Organisations that get a result, sorted."""
    titles: Mapping[str, str]
    """Name for people of the founders and of each organisation that signed something."""
    not_after: int
    """The job's deadline."""
    proposal: Act
    """Who asked."""
    consents: tuple[Consented, ...]
    """Who agreed, by name."""
    start: Act | None
    """START, which charged the budgets; None if it never came to it."""
    uses: tuple[Used, ...]
    """Datasets and grants; none before START, because nothing was used."""
    receipts: tuple[Receipted, ...]
    """Who signed what was computed, by name."""
    orders: tuple[Ordered, ...]
    """Orders of a regulator on what the job rests on, as far as the bundle shows them."""
    ending: Act | None
    """The refusal, withdrawal, failure or expiry that ended the job, if one did."""
    result_commitment: bytes | None
    """What every receipt commits to; None without a receipt."""
    standing: Standing
    """Who stands for all this."""
    closed: tuple[str, ...]
    """Entries that this bundle keeps closed."""
    entries: int
    """Entries verified: all that the bundle has."""
    verified_at: int | None
    """When it was verified by the verifier's clock; None if it did not say."""

    @property
    def age_seconds(self) -> int | None:
        """Time since a quorum last stood for the checkpoint, where the verifier gave its time."""
        return None if self.verified_at is None else self.verified_at - self.standing.agreed_at

    def to_plain(self) -> dict[str, Any]:
        """The finding as a JSON value; byte strings as lower-case hex."""
        plain = _plain(self)
        assert isinstance(plain, dict)
        return plain | {"age_seconds": self.age_seconds}


def _plain(value: Any) -> Any:
    if isinstance(value, Message):
        return to_plain(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return to_plain(value)
