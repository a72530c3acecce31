"""The typed way to talk to a node, for programs and notebooks.

import atoll

node = atoll.connect("https://127.0.0.1:7402", token="...", certificate="tls.der")
job = node.jobs.propose("intersection", spec, purpose="credit-check")
node.jobs.wait(job)
print(node.jobs.result(job).table[:5])
"""

from atoll.client.errors import NodeUnreachable, NotWhatWasExpected, RefusedByNode
from atoll.client.node import Node, connect, connect_home

__all__ = ["Node", "NodeUnreachable", "NotWhatWasExpected", "RefusedByNode", "connect", "connect_home"]
