"""Names and addresses of CometBFT nodes: each member's its own, and such as every node can start with.

The others' nodes are given to CometBFT as they stand in the ledger, and it starts with none that it cannot read: what one
member says of itself must not keep the others from starting.
"""

from __future__ import annotations

import re

from atoll.ledger.records import EngineKind, Member, MemberState, NodeName
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import AlreadyExists, NotAllowed

MOST_HOST = 253
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_OCTET = re.compile(r"0|[1-9][0-9]{0,2}")
_GROUP = re.compile(r"[0-9A-Fa-f]{1,4}")
_GROUPS = 8


def take_node(call: Call, org: str, consensus_peer: str) -> None:
    """On CometBFT a member's node is let in under the name that stands in its record, so there must be one, and no other active
    member's.

    Raises:
        NotAllowed: it names no node, or an address that is none.
        AlreadyExists: another member's node has this name.
    """
    if call.chain.engine is not EngineKind.COMETBFT:
        return
    if not consensus_peer:
        raise NotAllowed(org=org, reason="it names no CometBFT node, and this ledger runs on CometBFT")
    name, _, endpoint = consensus_peer.partition("@")
    if endpoint and not is_endpoint(endpoint):
        raise NotAllowed(org=org, reason="the address of its CometBFT node is not host:port, with a port from 1 to 65535")
    before = call.state.get(NodeName, name)
    if before is not None and before.org != org:
        other = call.state.get(Member, before.org)
        if other is not None and other.state is MemberState.ACTIVE and other.consensus_peer.startswith(f"{name}@"):
            raise AlreadyExists(what="CometBFT node", name=name)
    call.state.put(NodeName(name=name, org=org))


def is_endpoint(endpoint: str) -> bool:
    """Whether it is host:port, the host an IPv4 address, an IPv6 address in brackets or a name of the DNS.

    Written out, since every member must say the same: what a library takes for an address changes with its version.
    """
    host, _, port = endpoint.rpartition(":")
    if not (_PORT.fullmatch(port) and int(port) < 1 << 16):
        return False
    if host.startswith("[") and host.endswith("]"):
        return _is_ipv6(host[1:-1])
    labels = host.split(".")
    if host.replace(".", "").isdigit():
        return len(labels) == 4 and all(_OCTET.fullmatch(one) and int(one) < 256 for one in labels)
    return len(host) <= MOST_HOST and all(_LABEL.fullmatch(one) for one in labels)


def _is_ipv6(host: str) -> bool:
    """Eight groups of four hexadecimal digits, or fewer with `::` once in place of those that are zero."""
    left, gap, right = host.partition("::")
    groups = [group for part in (left, right) if part for group in part.split(":")]
    if not all(_GROUP.fullmatch(group) for group in groups):
        return False
    return len(groups) < _GROUPS if gap else len(groups) == _GROUPS
