"""Computing on secret shares: three nodes, any two of which know everything and any one of which knows nothing.

    places      gives               gets                    learns
    owner/k     columns             nothing                 nothing
    compute/i   nothing             shares                  shapes, and what the program opens to it
    receiver/j  nothing             its results             its results

The model is an honest majority of the three compute nodes, semi-honest unless `Adversary.MALICIOUS` is agreed on.

An operation is a generator of rounds (`rounds`), takes a `Node` and shared values (`shares`), and gives shared values:

    def program(node, x, y):                                    # x, y: Ring columns
        less = yield from less_than(node, x, y)                 # Planes: one shared bit each
        smaller = yield from where(node, less, x, y)
        return (yield from open_ring(node, smaller))

`run_together` runs three nodes in one process, `as_role` one of them over the network; `owner_role`, `compute_role` and
`receiver_role` are whole places, from columns to results.

    products, opening             multiply, square, dot, matmul; open_ring, open_words, open_planes
    conversion, comparison        to_bits, from_bits, from_bit; is_negative, less_than, equal, is_zero
    truncation, select            truncate; where, where_bits
    circuit, circuits             CircuitBuilder, evaluate; adders, comparators, tables

Source: Araki, Furukawa, Lindell, Nof, Ohara, CCS 2016, ePrint 2016/768. Specs: specs/mpc-engine.md, mpc-arithmetic.md,
mpc-bits.md.
"""

from atoll.protocols.mpc.circuit import Bits, Circuit, CircuitBuilder, Wire, evaluate
from atoll.protocols.mpc.comparison import equal, is_negative, is_zero, less_than, less_than_any
from atoll.protocols.mpc.conversion import from_bit, from_bits, from_each_bit, inject, to_bits
from atoll.protocols.mpc.entering import ColumnShape, Form, Shared
from atoll.protocols.mpc.framing import as_role
from atoll.protocols.mpc.node import Adversary, Node
from atoll.protocols.mpc.opening import open_planes, open_ring, open_words
from atoll.protocols.mpc.places import COMPUTE, compute, owner, receiver
from atoll.protocols.mpc.products import dot, matmul, multiply, reshare, square
from atoll.protocols.mpc.roles import compute_role, owner_role, receiver_role
from atoll.protocols.mpc.rounds import Heard, Round, Steps, as_is, chunked, parallel
from atoll.protocols.mpc.select import where, where_bits, where_number
from atoll.protocols.mpc.setting_up import set_up
from atoll.protocols.mpc.shares import Planes, Ring, Words, public_planes, public_ring
from atoll.protocols.mpc.together import Ran, run_together
from atoll.protocols.mpc.truncation import truncate

__all__ = [
    "COMPUTE",
    "Adversary",
    "Bits",
    "Circuit",
    "CircuitBuilder",
    "ColumnShape",
    "Form",
    "Heard",
    "Node",
    "Planes",
    "Ran",
    "Ring",
    "Round",
    "Shared",
    "Steps",
    "Wire",
    "Words",
    "as_is",
    "as_role",
    "chunked",
    "compute",
    "compute_role",
    "dot",
    "equal",
    "evaluate",
    "from_bit",
    "from_bits",
    "from_each_bit",
    "inject",
    "is_negative",
    "is_zero",
    "less_than",
    "less_than_any",
    "matmul",
    "multiply",
    "open_planes",
    "open_ring",
    "open_words",
    "owner",
    "owner_role",
    "parallel",
    "public_planes",
    "public_ring",
    "receiver",
    "receiver_role",
    "reshare",
    "run_together",
    "set_up",
    "square",
    "to_bits",
    "truncate",
    "where",
    "where_bits",
    "where_number",
]
