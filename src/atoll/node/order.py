"""What a node hands to the child process of one job, over a pipe: the plan, this party's secrets for this job, and nothing else
of the node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.jobs.bids import Bid, Share
from atoll.wire.cbor import decode, encode
from atoll.wire.message import Count, Digest, Endpoint, Message, Name, Range, Size

MAX_ORDER_BYTES = 4 << 20
MOST_IDENTITIES = 4
COMPUTE_ROLE = "compute"
Path = Annotated[str, Size(1, 4096)]
Certificate = Annotated[bytes, Size(100, 2000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer(Message):
    """An organisation in the job."""

    org: Name
    """Its name."""
    job_key: Digest
    """X25519 key of its consent."""
    certificates: Annotated[tuple[Certificate, ...], Size(0, 8)]
    """Its TLS certificates in force, DER."""
    endpoint: Endpoint
    """Its peer listener; empty if it only dials out."""
    identities: Annotated[tuple[Digest, ...], Size(0, MOST_IDENTITIES)] = ()
    """Its identity keys that count, for claims that are made in its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalInput(Message):
    """Where an input of this party lies."""

    dataset: Annotated[str, Size(3, 120)]
    """Registered dataset version."""
    address: Path
    """Source address below a data folder."""
    fingerprint: Annotated[str, Size(1, 200)]
    """What reading it must give."""
    prints: Annotated[str, Size(0, 4096)] = ""
    """Folder of what its registration kept of it; empty where nothing was kept."""
    rows_at_most: Count = 0
    """As its card says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version(Message):
    """What stands for a registered dataset version."""

    dataset: Annotated[str, Size(3, 120)]
    """The dataset version."""
    commitment: Digest
    """Its card's commitment on the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastingOrder(Message):
    """What a job process may keep from one job to the next."""

    folder: Path
    """Folder of this organisation's tables."""
    key: Digest
    """Key that they are sealed under."""
    secret: Digest
    """Secret of this organisation for tables of its dataset."""
    versions: Annotated[tuple[Version, ...], Size(0, 64)]
    """For each dataset of the plan."""

    def __repr__(self) -> str:
        return "LastingOrder(...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessOrder(Message):
    """What this organisation's compute node signs its claims with (`atoll.protocols.mpc.witness`)."""

    seed: Digest
    """Ed25519 secret, drawn for this attempt."""
    signature: Annotated[bytes, Size(64)]
    """On the place key, by the identity key, which the process does not get."""

    def __repr__(self) -> str:
        return "WitnessOrder(...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOrder(Message):
    """Everything a job process needs."""

    TAG: ClassVar[str] = "worker-order/1"

    org: Name
    """This organisation."""
    plan: Annotated[bytes, Size(1, 60_000)]
    """The plan's body, as received."""
    attached: Annotated[bytes, Size(0, 256_000)] = b""
    """What travelled beside the plan, verified; empty for nothing."""
    attempt: Annotated[int, Range(1, 16)]
    """Attempt; a resume has the same number."""
    job_key: Digest
    """X25519 private key of this organisation's consent."""
    peers: Annotated[tuple[Peer, ...], Size(0, 64)]
    """All organisations of the job, this one among them."""
    endpoint: Endpoint
    """This node's own peer listener; empty if it only dials out."""
    tls_scalar: Digest
    """This node's TLS key."""
    tls_certificate: Certificate
    """This node's TLS certificate, DER."""
    inputs: Annotated[tuple[LocalInput, ...], Size(0, 64)]
    """Inputs of this organisation."""
    folders: Annotated[tuple[Path, ...], Size(0, 64)]
    """Data folders."""
    journal: Path
    """Folder of this job's journal, scratch and result."""
    journal_key: Digest
    """Key that this job's journal and result are sealed under."""
    seconds_left: Count
    """Time until the job's deadline when the order was given."""
    memory_bytes: Count
    """Cap on this process: the plan's, or this node's own where that is lower."""
    traffic_bytes: Count
    """Cap on what it sends, likewise."""
    bids: Annotated[tuple[Bid, ...], Size(0, 64)] = ()
    """What bidders committed to on the ledger, in the order in which they did."""
    shares: Annotated[tuple[Share, ...], Size(0, 3)] = ()
    """This organisation's own, where it opens its bid."""
    lasting: LastingOrder | None = None
    """For plans whose kind keeps something; the others' processes get no such secret."""
    witness: WitnessOrder | None = None
    """For a compute node."""

    def __repr__(self) -> str:
        return f"WorkerOrder(org={self.org!r}, attempt={self.attempt})"


def encode_order(order: WorkerOrder) -> bytes:
    """The order's bytes."""
    return encode(order.to_map(), max_bytes=MAX_ORDER_BYTES)


def parse_order(data: bytes) -> WorkerOrder:
    """The order in `data`."""
    return WorkerOrder.from_map(decode(data, max_bytes=MAX_ORDER_BYTES))


def parse_endpoint(text: str) -> tuple[str, int]:
    """Host and port of `host:port`."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
