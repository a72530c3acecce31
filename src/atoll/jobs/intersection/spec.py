"""What a person says to propose an intersection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.jobs.intersection.outputs import Join, Output, Security
from atoll.jobs.payload import MAX_PAYLOAD_BYTES, MAX_SCALE
from atoll.ledger.plan import DatasetId, Label
from atoll.protocols.identifiers import MAX_KEY_COLUMNS
from atoll.protocols.psi import MAX_ROWS
from atoll.wire.message import Count, Message, Name, Range, Size

MAX_PLACES = 6
"""Most organisations in one intersection: a plan says for every set of them what it could read, and has room for 64 sets."""
TOTAL_BITS = range(44, 49)
"""Widths of a sum that a plan can ask for. By a narrower one a receiver could find out how large others' values are."""
MAX_SHOWN_COLUMNS = 40
"""Most columns beside the key that one side takes part with."""

MAX_EPSILON_MICRO = 10_000_000
"""Epsilon = 10: noise beyond it protects nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantUse(Message):
    """A grant that a use rests on."""

    grant: Annotated[bytes, Size(16)]
    """Its identifier."""
    version: Count
    """Its record version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side(Message):
    """What one organisation brings: the keys in some columns of a dataset version, and perhaps columns beside them."""

    org: Name
    """Organisation that holds the dataset."""
    dataset: DatasetId
    """Its registered version; the organisation's name stands in it."""
    columns: Annotated[tuple[Label, ...], Size(1, MAX_KEY_COLUMNS)]
    """Columns that make the key, in order; all sides name equally many."""
    normalisation: Annotated[tuple[Label, ...], Size(1, MAX_KEY_COLUMNS)]
    """Rule for each column of the key (`atoll.protocols.identifiers`); the same rules on all sides."""
    rows_cap: Annotated[int, Range(1, MAX_ROWS)]
    """Most rows with a key that may take part; rows with equal keys count each."""
    grants: Annotated[tuple[GrantUse, ...], Size(0, MAX_PLACES)] = ()
    """One for each receiver that is another organisation, in the receivers' order."""
    keeps: Annotated[tuple[Label, ...], Size(0, MAX_SHOWN_COLUMNS)] = ()
    """Of a receiver, for `identifiers` and `rows`: columns of its own in its result beside the key."""
    shows: Annotated[tuple[Label, ...], Size(0, MAX_SHOWN_COLUMNS)] = ()
    """For `rows`: columns that the receivers get of this side's matching rows. For `sum`: the one column that is summed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntersectionSpec(Message):
    """Receivers learn something about the keys that all sides have."""

    TAG: ClassVar[str] = "intersection-spec/2"

    receivers: Annotated[tuple[Side, ...], Size(1, MAX_PLACES)]
    """Sides that get a result; each leads a run of its own, in which all others take part."""
    owners: Annotated[tuple[Side, ...], Size(0, MAX_PLACES)] = ()
    """Sides that let their sets be compared and get nothing."""
    output: Output = Output.IDENTIFIERS
    """What each receiver gets."""
    join: Join = Join.INNER
    """Which rows."""
    epsilon_micro: Annotated[int, Range(0, MAX_EPSILON_MICRO)] = 0
    """For `cardinality`: noise is added so that the count is differentially private for one key with this epsilon, in
    millionths; 0: exact."""
    min_count: Annotated[int, Range(0, MAX_ROWS)] = 0
    """For `sum`: fewest keys in common over which a receiver that keeps to the protocol is told a sum."""
    scale: Annotated[int, Range(0, MAX_SCALE)] = 0
    """For `sum`: most digits behind the point of a summed number."""
    total_bits: Annotated[int, Range(0, TOTAL_BITS[-1])] = 0
    """For `sum`: in units of the scale it is between -2^(total_bits - 1) and 2^(total_bits - 1); 0: 44 bits. A wider one takes
    the receiver longer to find."""
    payload_bytes: Annotated[int, Range(0, MAX_PAYLOAD_BYTES)] = 0
    """For `rows`: room for the shown cells of all rows that share a key, the same for every key; 0: 64 bytes a column."""
    security: Security = Security.SEMI_HONEST
    """What the protocol must withstand."""
    protocol: Annotated[str, Size(0, 40)] = ""
    """Protocol by name; empty: the planner chooses."""
    variant: Annotated[str, Size(0, 40)] = ""
    """Variant of the protocol, where it has some; empty: the planner chooses."""
    megabits_per_second: Annotated[int, Range(1, 1_000_000)] = 1000
    """The slowest link between two sides; only the planner looks at it."""
    latency_ms: Annotated[int, Range(0, 10_000)] = 1
    """One-way delay of that link; only the planner looks at it."""
    memory_mb: Annotated[int, Range(1, 1 << 24)] = 1024
    """Memory of a party's process, in mebibytes, as the plan's limits have it; what takes more is not offered."""
    epoch: Annotated[int, Range(0, (1 << 32) - 1)] = 0
    """For protocols that keep a table: the period it lasts (`atoll.jobs.periods`). The proposing node fills in the current one,
    and every node refuses another."""
    keys_per_round: Annotated[int, Range(0, 1 << 24)] = 0
    """Keys between two checkpoints where a protocol lets one choose; 0: as the protocol does best."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """All sides, owners first: the order of the places in a plan."""
        return (*self.owners, *self.receivers)
