"""The typed way to talk to a node, for programs and notebooks.

    import atoll

    node = atoll.connect("https://127.0.0.1:7402", token="...", certificate="bank/tls.der")
    job = node.jobs.propose("intersection", spec, purpose="credit-check")
    node.jobs.wait(job)
    print(node.jobs.arrow(job).slice(0, 5))

`node` holds the objects and their methods, `link` the one connection under them, `names` what may become part of a path.
"""

from atoll.client.errors import BadName, NodeTooSlow, NodeUnreachable, NoSuchGrant, NotWhatWasExpected, RefusedByNode
from atoll.client.jobs import ENDED
from atoll.client.node import Node, connect, connect_home

__all__ = [
    "ENDED",
    "BadName",
    "NoSuchGrant",
    "Node",
    "NodeTooSlow",
    "NodeUnreachable",
    "NotWhatWasExpected",
    "RefusedByNode",
    "connect",
    "connect_home",
]
