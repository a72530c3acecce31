"""What CometBFT's genesis file says, which is what the ledger's own genesis says, in its words; and the check that it does.

Nothing here hashes the file: CometBFT starts from the file once and from a copy with other spacing ever after.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from atoll.ledger.block import MAX_BLOCK_BYTES
from atoll.ledger.genesis import Genesis, consensus_of
from atoll.ordering.cometbft.errors import GenesisMismatch

INITIAL_HEIGHT = 1
POWER = 1
"""One vote a member."""
APP_VERSION = 1
"""Stands in every header; counts changes of what a block means, not of the ledger's rules, which have their own version."""
MAX_GAS = -1
"""There is no gas: each transaction's cost is bounded by its size."""
EVIDENCE_BLOCKS = 100_000
EVIDENCE_NANOSECONDS = 7 * 24 * 3600 * 10**9
"""How old evidence of a double vote may be: a week and this many blocks."""
EVIDENCE_BYTES = 256 * 1024
KEY_TYPE = "ed25519"
_DIGEST = "genesis_digest"


@dataclass(frozen=True, slots=True)
class Initial:
    """What CometBFT read in its genesis file."""

    chain_id: str
    """Name of the chain."""
    time: int
    """When it was founded, Unix seconds."""
    height: int
    """Of its first block."""
    max_block_bytes: int
    """Largest block."""
    validators: Collection[tuple[str, bytes, int]]
    """Type of key, key, power of each."""
    app_state: bytes
    """JSON that is ours."""


def genesis_validators(genesis: Genesis) -> tuple[tuple[str, bytes], ...]:
    """Who votes on the first blocks: (organisation, Ed25519 consensus key), sorted by organisation."""
    return tuple((one.org, one.consensus) for one in consensus_of(genesis).counted())


def genesis_document(genesis: Genesis, digest: bytes) -> dict[str, Any]:
    """The content of CometBFT's genesis file.

    Args:
        genesis: the ledger's.
        digest: that names it.
    """
    validators = [
        {
            "pub_key": {"type": "tendermint/PubKeyEd25519", "value": base64.b64encode(key).decode()},
            "power": str(POWER),
            "name": org,
        }
        for org, key in genesis_validators(genesis)
    ]
    return {
        "genesis_time": datetime.fromtimestamp(genesis.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "chain_id": genesis.chain_id,
        "initial_height": str(INITIAL_HEIGHT),
        "consensus_params": {
            "block": {"max_bytes": str(MAX_BLOCK_BYTES), "max_gas": str(MAX_GAS)},
            "evidence": {
                "max_age_num_blocks": str(EVIDENCE_BLOCKS),
                "max_age_duration": str(EVIDENCE_NANOSECONDS),
                "max_bytes": str(EVIDENCE_BYTES),
            },
            "validator": {"pub_key_types": [KEY_TYPE]},
            "version": {"app": str(APP_VERSION)},
            "abci": {"vote_extensions_enable_height": "0"},
        },
        "validators": validators,
        "app_hash": "",
        "app_state": {_DIGEST: digest.hex()},
    }


def verify_initial(initial: Initial, genesis: Genesis, digest: bytes) -> None:
    """Check what CometBFT starts from against the ledger's genesis, field by field.

    Raises:
        GenesisMismatch: one of them is another.
    """
    _need(initial.chain_id == genesis.chain_id, "it names another chain")
    _need(initial.time == genesis.time, "it gives another founding time")
    _need(initial.height == INITIAL_HEIGHT, f"it begins at height {initial.height}")
    _need(initial.max_block_bytes == MAX_BLOCK_BYTES, f"it allows blocks of {initial.max_block_bytes} bytes")
    expected = sorted((KEY_TYPE, key, POWER) for _, key in genesis_validators(genesis))
    _need(sorted(initial.validators) == expected, "it names other validators")
    try:
        state = json.loads(initial.app_state)
    except ValueError as err:
        raise GenesisMismatch(reason="its app_state is no JSON") from err
    _need(state == {_DIGEST: digest.hex()}, "it belongs to another ledger genesis")


def _need(holds: bool, otherwise: str) -> None:
    if not holds:
        raise GenesisMismatch(reason=otherwise)
