"""CometBFT's folder in a node's home: its configuration, written anew at each start, and its genesis document, written once.

    config/config.toml     only what differs from CometBFT's defaults, and why
    config/genesis.json    the ledger's genesis as CometBFT needs it
    data/                  CometBFT's blocks and write-ahead logs, its own

The keys are in `keys`.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from atoll.ledger.transaction import MAX_TRANSACTION_BYTES
from atoll.ordering.cometbft.paths import APP_SOCKET, RPC_SOCKET
from atoll.ordering.cometbft.settings import Settings
from atoll.ordering.errors import ValidatorFilesUnfit

CONFIG = "config/config.toml"
GENESIS = "config/genesis.json"
MEMPOOL_TRANSACTIONS = 5_000
MEMPOOL_BYTES = 256 << 20
"""What waits at a validator, transactions and their bytes: some ten seconds' worth, because the ledger looks at all of it
again after each block."""
MAX_RPC_BYTES = 4 << 20
MAX_RPC_BATCH = 200
_HEADER = "# Written by Atoll at each start; changes made here are lost. What can be chosen is in atoll.toml.\n"

_NODE_NAME = re.compile(r"[0-9a-f]{40}")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")

log = logging.getLogger("atoll.ordering")

Table = Mapping[str, Any]


def write_genesis(folder: Path, document: Table) -> None:
    """Write the genesis document, once: CometBFT keeps a copy of what it read first.

    Raises:
        ValidatorFilesUnfit: the folder holds another ledger's.
    """
    path = folder / GENESIS
    if not path.exists():
        _replace(path, json.dumps(document, indent=2) + "\n")
        return
    try:
        found = json.loads(path.read_bytes())
    except ValueError as err:
        raise ValidatorFilesUnfit(path=path, reason="it is not JSON") from err
    if found != document:
        raise ValidatorFilesUnfit(path=path, reason="it is of another ledger than this node's genesis file")


def write_config(folder: Path, settings: Settings, *, name: str, peers: Sequence[str]) -> None:
    """Write the configuration.

    Args:
        folder: CometBFT's.
        settings: the owner's choices.
        name: of this node, for people.
        peers: `id@host:port` of the other members' nodes, as the ledger has them.
    """
    tables: dict[str, Table] = {
        "": {
            "proxy_app": f"unix://{APP_SOCKET}",
            "abci": "socket",
            "moniker": name,
            "log_level": "main:info,consensus:error,*:error",
            "log_format": "json",
            "filter_peers": True,
        },
        "rpc": {
            "laddr": ",".join([f"unix://{RPC_SOCKET}", *([f"tcp://{settings.rpc_listen}"] if settings.rpc_listen else [])]),
            "max_body_bytes": MAX_RPC_BYTES,
            "max_request_batch_size": MAX_RPC_BATCH,
        },
        "p2p": _p2p(settings, peers),
        "mempool": {
            "size": MEMPOOL_TRANSACTIONS,
            "cache_size": 8 * MEMPOOL_TRANSACTIONS,
            "max_tx_bytes": MAX_TRANSACTION_BYTES,
            "max_txs_bytes": MEMPOOL_BYTES,
            "recheck_timeout": "5s",
        },
        "consensus": {
            "timeout_propose": f"{settings.timeout_propose_ms}ms",
            "timeout_prevote": f"{settings.timeout_vote_ms}ms",
            "timeout_precommit": f"{settings.timeout_vote_ms}ms",
            "timeout_commit": f"{settings.timeout_commit_ms}ms",
            "create_empty_blocks": False,
            "create_empty_blocks_interval": f"{settings.empty_block_seconds}s",
            "double_sign_check_height": 0,  # else no restart right after a crash; what it guards is in `keys`
            "peer_gossip_sleep_duration": "20ms",
        },
        "storage": {"discard_abci_responses": True},
        "tx_index": {"indexer": "kv" if settings.index_transactions else "null"},
        "instrumentation": {"prometheus": False},
    }
    if settings.state_sync is not None:  # CometBFT leaves it alone once it has a state of its own
        tables["statesync"] = {
            "enable": True,
            "rpc_servers": ",".join(settings.state_sync.servers),
            "trust_height": settings.state_sync.trust_height,
            "trust_hash": settings.state_sync.trust_hash.hex().upper(),
            "trust_period": f"{settings.state_sync.trust_seconds}s",
            "discovery_time": "5s",
        }
    _replace(folder / CONFIG, _HEADER + "".join(_section(title, table) for title, table in tables.items()))


def _p2p(settings: Settings, peers: Sequence[str]) -> Table:
    return {
        "laddr": f"tcp://{settings.listen}",
        "external_address": settings.external,
        "persistent_peers": ",".join(peers),
        "pex": False,  # the ledger says who the peers are, nobody else
        "addr_book_strict": not any(_is_local(one) for one in (settings.listen, *peers)),
        "allow_duplicate_ip": True,  # members behind one address; who may connect is decided by name, not by address
        "max_num_inbound_peers": 120,
        "max_num_outbound_peers": 120,
        "persistent_peers_max_dial_period": "5s",
        "flush_throttle_timeout": "10ms",
        "send_rate": 20 << 20,
        "recv_rate": 20 << 20,
    }


def dialable(peers: Iterable[str]) -> list[str]:
    """Those of some members' nodes that CometBFT can dial, one of each name: it would not start on the others.

    Args:
        peers: `id@host:port` as members wrote them into the ledger, which may be anything.
    """
    found: dict[str, str] = {}
    for peer in peers:
        name, _, endpoint = peer.partition("@")
        host, _, port = endpoint.rpartition(":")
        is_port = port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16
        if _NODE_NAME.fullmatch(name) and is_port and _is_host(host):
            found.setdefault(name, peer)
        elif endpoint:
            log.warning("the node %s is not dialled: its address cannot be one", peer)
    return list(found.values())


def _is_host(host: str) -> bool:
    """Whether it is an IPv4 address, an IPv6 address in brackets, or a name."""
    if host.startswith("[") and host.endswith("]"):
        return _is_address(host[1:-1], ipaddress.IPv6Address)
    is_numeric = host.replace(".", "").isdigit()
    return _is_address(host, ipaddress.IPv4Address) if is_numeric else _HOST_NAME.fullmatch(host) is not None


def _is_address(text: str, kind: type[ipaddress.IPv4Address | ipaddress.IPv6Address]) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return "%" not in text


def _is_local(endpoint: str) -> bool:
    """Whether an address is one that CometBFT's address book takes for a mistake."""
    host = endpoint.rpartition("@")[2].rpartition(":")[0].strip("[]")
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost"


def _section(title: str, table: Table) -> str:
    """One table of TOML; texts, whole numbers and truth values are written as in JSON."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    return (f"\n[{title}]\n" if title else "\n") + "\n".join(lines) + "\n"


def _replace(path: Path, text: str) -> None:
    """Write a file, whole or not at all; nobody else may read it."""
    beside = path.with_name(path.name + ".new")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
