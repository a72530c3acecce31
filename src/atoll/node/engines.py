"""The one place where a node's ordering engine is chosen: the genesis says which (`atoll.ordering.engine`)."""

from __future__ import annotations

import logging
from pathlib import Path

from atoll.ledger.genesis import verify_genesis
from atoll.ledger.records import EngineKind
from atoll.node.config import Config
from atoll.node.keyring import KeyRing
from atoll.ordering.cometbft.keys import NODE_KEY, SIGNING_STATE, VALIDATOR_KEY, ConsensusKeys, write_keys
from atoll.ordering.cometbft.settings import Settings
from atoll.ordering.embedded.engine import EmbeddedEngine, Signers
from atoll.ordering.engine import Engine, View
from atoll.ordering.members import Members
from atoll.ordering.offload import Offload
from atoll.ports import Clock, Entropy
from atoll.trust.keys import SEED_BYTES, Purpose

log = logging.getLogger("atoll.node")

ANY_PORT = "127.0.0.1:0"
"""Where a node listens that only dials out: where nobody looks."""


def open_engine(config: Config, keys: KeyRing, *, clock: Clock, entropy: Entropy, offload: Offload, members: Members) -> Engine:
    """Open this node's copy of the ledger.

    Raises:
        IntegrityError: the store is not what was signed.
        BinaryMissing, ValidatorFilesUnfit: CometBFT, or what it signs with, is not there as it has to be.
    """
    genesis_file = config.home.genesis.read_bytes()
    if verify_genesis(genesis_file)[0].engine is EngineKind.COMETBFT:
        from atoll.ordering.cometbft.engine import CometEngine  # 50 ms, and an engine of its own

        ensure_consensus_keys(config.home.cometbft, keys.node_seed(), entropy)
        return CometEngine(
            org=config.org,
            genesis_file=genesis_file,
            store_path=config.home.ledger,
            home=config.home.cometbft,
            settings=settings_of(config),
            clock=clock,
            members=members,
            offload=offload,
        )

    def view() -> View:
        return engine.view()

    engine = EmbeddedEngine(
        org=config.org,
        genesis_file=genesis_file,
        store_path=config.home.ledger,
        signers=Signers(
            identity=keys.signing(Purpose.IDENTITY, view),
            cosign=keys.signing(Purpose.COSIGN, view),
            log=keys.signing(Purpose.LOG, view),
        ),
        clock=clock,
        members=members,
        offload=offload,
    )
    return engine


def settings_of(config: Config) -> Settings:
    """What the owner decided about CometBFT."""
    said = config.consensus
    return Settings(
        listen=said.listen or ANY_PORT,
        external=said.address,
        rpc_listen=said.rpc,
        timeout_commit_ms=said.commit_ms,
    )


def ensure_consensus_keys(folder: Path, node_seed: bytes, entropy: Entropy) -> ConsensusKeys | None:
    """Make a key that votes on blocks, where there is neither one nor any trace of one; None where there is.

    A home that was restored from a backup has none, because a copy of the old one could sign a second block where the old one
    has signed already. The new key votes once it is registered (`atoll key rotate consensus`); until then the node follows. Its
    peers know it again by its name, which comes from the keystore.
    """
    if any((folder / name).exists() for name in (VALIDATOR_KEY, NODE_KEY, SIGNING_STATE)):
        return None
    log.info("a key that votes on blocks is made; it votes once the ledger has it")
    return write_keys(folder, validator_seed=entropy.bytes(SEED_BYTES), node_seed=node_seed)
