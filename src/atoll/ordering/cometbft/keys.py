"""A node's two keys for CometBFT, in the files that CometBFT reads itself.

    config/priv_validator_key.json     signs blocks; its public half is in the member's enrolment
    config/node_key.json               names the node to its peers; the ledger says which names are let in
    data/priv_validator_state.json     the last thing that was signed

    config/next_validator_key.json     a key that is to replace the first, once the ledger names it

The third one is the only guard against signing two blocks at one height, which costs the key. It begins together with the key,
is written by nobody but CometBFT afterwards, and is never copied, restored or made anew: a node without it does not start.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from atoll.ordering.errors import ValidatorFilesUnfit
from atoll.ports import Entropy
from atoll.trust.nodekeys import derive_address, derive_node_id

VALIDATOR_KEY = "config/priv_validator_key.json"
NEXT_KEY = "config/next_validator_key.json"
NODE_KEY = "config/node_key.json"
SIGNING_STATE = "data/priv_validator_state.json"
_PUBLIC = "tendermint/PubKeyEd25519"
_PRIVATE = "tendermint/PrivKeyEd25519"
_SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class ConsensusKeys:
    """The public halves."""

    public: bytes
    """Ed25519 key under which this node's votes are verified, 32 bytes."""
    node_id: str
    """Name of the node among its peers: 40 hexadecimal digits."""


def create_keys(folder: Path, entropy: Entropy) -> ConsensusKeys:
    """Make both keys, and the record of what was signed with the first.

    Args:
        folder: the node's folder for CometBFT; made if it is not there.
        entropy: 64 bytes are drawn.

    Raises:
        ValidatorFilesUnfit: there is one of the files already; nothing is overwritten.
    """
    return write_keys(folder, validator_seed=entropy.bytes(_SEED_BYTES), node_seed=entropy.bytes(_SEED_BYTES))


def write_keys(folder: Path, *, validator_seed: bytes, node_seed: bytes) -> ConsensusKeys:
    """As `create_keys`, from two seeds of 32 bytes that were never used anywhere else.

    Raises:
        ValidatorFilesUnfit: there is one of the files already; nothing is overwritten.
    """
    for name in (VALIDATOR_KEY, NODE_KEY, SIGNING_STATE):
        if (folder / name).exists():
            raise ValidatorFilesUnfit(path=folder / name, reason="it is there already, and a key is never overwritten")
    for part in (folder, folder / "config", folder / "data"):
        part.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(folder / SIGNING_STATE, {"height": "0", "round": 0, "step": 0})
    public = _write_validator_key(folder / VALIDATOR_KEY, validator_seed)
    _write(folder / NODE_KEY, {"priv_key": _private(Ed25519PrivateKey.from_private_bytes(node_seed))})
    return ConsensusKeys(public, derive_node_id(node_seed))


def stage_key(folder: Path, entropy: Entropy) -> bytes:
    """Make the key that is to replace the one in use, if there is none yet; its public half.

    Raises:
        ValidatorFilesUnfit: the one that is there cannot be read.
    """
    path = folder / NEXT_KEY
    if not path.exists():
        return _write_validator_key(path, entropy.bytes(_SEED_BYTES))
    return _load(path).public_key().public_bytes_raw()


def next_key(folder: Path, entropy: Entropy, *, registered: bytes) -> bytes:
    """The public half of the key that is to follow the registered one: the one in use, if it is another, or a staged one.

    Raises:
        ValidatorFilesUnfit: a file is not as it has to be.
    """
    in_use = load_keys(folder).public
    return in_use if in_use != registered else stage_key(folder, entropy)


def is_staged(folder: Path, public: bytes) -> bool:
    """Whether this key lies ready to replace the one in use.

    Raises:
        ValidatorFilesUnfit: the one that is there cannot be read.
    """
    path = folder / NEXT_KEY
    return path.exists() and _load(path).public_key().public_bytes_raw() == public


def use_staged_key(folder: Path) -> None:
    """Put the staged key in the place of the one in use, for good. CometBFT must not run.

    What was signed last stays written down, although by the old key: the new one signs nothing at that height or below.
    """
    (folder / NEXT_KEY).replace(folder / VALIDATOR_KEY)


def load_keys(folder: Path) -> ConsensusKeys:
    """The public halves of the keys that are there.

    Raises:
        ValidatorFilesUnfit: a file is missing, readable to others, or not a key; or what was signed last is not known.
    """
    if not (folder / SIGNING_STATE).is_file():
        reason = "without it nobody knows what this key has signed already, and a second signature would cost the key"
        raise ValidatorFilesUnfit(path=folder / SIGNING_STATE, reason=reason)
    validator, node = (_load(folder / name) for name in (VALIDATOR_KEY, NODE_KEY))
    return ConsensusKeys(validator.public_key().public_bytes_raw(), derive_node_id(node.private_bytes_raw()))


def _write_validator_key(path: Path, seed: bytes) -> bytes:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes_raw()
    named = {"type": _PUBLIC, "value": base64.b64encode(public).decode()}
    _write(path, {"address": derive_address(public).hex().upper(), "pub_key": named, "priv_key": _private(key)})
    return public


def _private(key: Ed25519PrivateKey) -> dict[str, str]:
    value = key.private_bytes_raw() + key.public_key().public_bytes_raw()
    return {"type": _PRIVATE, "value": base64.b64encode(value).decode()}


def _load(path: Path) -> Ed25519PrivateKey:
    try:
        if path.stat().st_mode & 0o077:
            raise ValidatorFilesUnfit(path=path, reason=f"others may read it (its mode is {path.stat().st_mode & 0o777:04o})")
        said = json.loads(path.read_bytes())["priv_key"]
        value = base64.b64decode(said["value"], validate=True)
        if said["type"] != _PRIVATE or len(value) != 2 * _SEED_BYTES:
            raise ValueError("another kind of key")
        key = Ed25519PrivateKey.from_private_bytes(value[:_SEED_BYTES])
    except (OSError, binascii.Error, ValueError, KeyError, TypeError) as err:
        raise ValidatorFilesUnfit(path=path, reason="it cannot be read as a key of CometBFT") from err
    if key.public_key().public_bytes_raw() != value[_SEED_BYTES:]:
        raise ValidatorFilesUnfit(path=path, reason="its two halves do not belong together")
    return key


def _write(path: Path, content: dict[str, Any]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(json.dumps(content, indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
