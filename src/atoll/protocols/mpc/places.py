"""Who sits where: three compute nodes in a ring, any number of owners who give columns and receivers who get results.

Node i holds the parts x_i and x_{i+1} of every shared value, so each part lies at two neighbours:

    node 0: x0 x1      node 1: x1 x2      node 2: x2 x0
"""

from __future__ import annotations

from atoll.protocols.role import Party

NODES = 3


def compute(index: int) -> Party:
    """The place of a compute node, 0 to 2."""
    return Party("compute", index)


def owner(index: int) -> Party:
    """The place of the party that gives input `index`."""
    return Party("owner", index)


def receiver(index: int) -> Party:
    """The place of the party that gets output `index`."""
    return Party("receiver", index)


COMPUTE = (compute(0), compute(1), compute(2))


def previous_of(index: int) -> int:
    """The neighbour that also holds this node's own part; it hears the products of this one."""
    return (index + 2) % NODES


def next_of(index: int) -> int:
    """The neighbour whose own part this node also holds."""
    return (index + 1) % NODES
