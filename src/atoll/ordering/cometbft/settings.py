"""What a node's owner, or a test, decides about its CometBFT; everything else follows from the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSync:
    """Where a newcomer gets a recent state from, instead of carrying out every block since the genesis."""

    servers: tuple[str, ...]
    """RPC listeners of at least two members, `host:port`."""
    trust_height: int
    """A consensus height whose header is known to be right, from a member one trusts or from evidence."""
    trust_hash: bytes
    """That header's hash, 32 bytes."""
    trust_seconds: int = 168 * 3600
    """How old a header may be that is trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """See the module's docstring."""

    listen: str = "127.0.0.1:26656"
    """host:port where other members' nodes reach this one's consensus."""
    external: str = ""
    """host:port under which they do, where that is another one; as the ledger has it."""
    rpc_listen: str = ""
    """host:port of CometBFT's own RPC, for light clients and state sync; empty for none but this process's socket."""
    index_transactions: bool = False
    """Whether that RPC finds transactions by hash; Atoll's own store always does."""
    timeout_commit_ms: int = 200
    """How long a block waits for the last votes on the one before: most of the time until a transaction is committed."""
    timeout_propose_ms: int = 2000
    """How long the others wait for a block before the next proposer has its turn."""
    timeout_vote_ms: int = 1000
    """How long votes are waited for that contradict each other so far, before the next round begins."""
    empty_block_seconds: int = 20
    """An idle ledger is confirmed anew so often (SECURITY 3.2)."""
    snapshot_heights: int = 2000
    """A snapshot for newcomers is made every so many heights of CometBFT; the same at all members, 0 for none."""
    retain_blocks: int = 0
    """How many of its blocks CometBFT keeps, for newcomers that carry out all of them; 0 for all. The ledger keeps all."""
    state_sync: StateSync | None = None
    """Where to begin with somebody else's snapshot; CometBFT uses it only while it has no blocks of its own."""
    command: tuple[str, ...] = ()
    """What the child process is started by, before its own name; tests put it into a network of its own."""
    environment: dict[str, str] = field(default_factory=dict)
    """Variables for the child process; tests set its points of failure."""
