"""A place's part in a run: bidders open to the nodes, nodes rank what was committed to, receivers learn what the rule says.

Node i hears shares i and i + 1 of each bid and compares them with the commitments on the ledger; then the nodes agree on which
bids were opened as promised (`opening`). One that was not is treated as no bid, and all three say so in their receipts: two of
them that say the same, together with the commitments on the ledger, show who did not open. A bidder that says nothing is waited
for until the run fails.

Rows stand in the order of the commitments on the ledger, which is how ties are broken without looking at them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

import numpy as np
import pyarrow as pa

from atoll.jobs.bids import SHARES, Bid, OpenedBid
from atoll.jobs.closing import close_as_other, close_as_receiver
from atoll.jobs.errors import BadInputs
from atoll.jobs.kind import Inputs, Outcome
from atoll.jobs.ranking.opening import Holder, agree, counted_words
from atoll.jobs.ranking.plan import Auction
from atoll.jobs.result import Result
from atoll.ledger.plan import Plan, plan_digest
from atoll.primitives.drbg import SeededEntropy
from atoll.programs.library.ranking import NOBODY, VOID, Rule
from atoll.programs.places import graph_steps, receiver_shapes, receivers
from atoll.protocols.bulk import send_bulk
from atoll.protocols.mpc import Adversary, Node, Steps, Words, as_role, from_bits, receiver_role, set_up
from atoll.protocols.mpc.claims import attempt_context
from atoll.protocols.mpc.entering import ColumnShape, Shared, pack_results
from atoll.protocols.mpc.places import COMPUTE, owner, receiver
from atoll.protocols.mpc.roles import hand_over
from atoll.protocols.mpc.shares import Words64
from atoll.protocols.role import Party, Receive, Role, Send

_ORDER_DOMAIN = b"ATOLL-V01-RANKING-ORDER"


def run_place(plan: Plan, auction: Auction, me: Party, inputs: Inputs, seed: bytes) -> Role[Outcome]:
    """This place's part; the plan was checked.

    Args:
        inputs: `bids`, all of the plan, in the order in which they were committed to; at a bidder `shares`, its own.

    Raises:
        BadInputs: `me` is no place of the plan, or the bids are not one for each bidder.
    """
    if me not in {Party(one.role, one.index) for one in plan.parties}:
        raise BadInputs(reason=f"{me} is no place of the plan")
    if sorted(one.place for one in inputs.bids) != list(range(len(auction.bidders))):
        raise BadInputs(reason="not each bidder has committed to one bid")
    if me.role == "owner":
        return _bidder(auction, inputs)
    if me.role == "compute":
        return _compute(plan, auction, inputs, me.index, seed)
    return _receiver(auction, inputs.bids, me, seed)


def _bidder(auction: Auction, inputs: Inputs) -> Role[Outcome]:
    for index, node in enumerate(COMPUTE):
        mine = (inputs.shares[index], inputs.shares[(index + 1) % SHARES]) if inputs.shares else ()
        yield Send(node, OpenedBid(shares=mine))
    return (yield from close_as_other(receivers=_receivers(auction), counts={}))


def _compute(plan: Plan, auction: Auction, inputs: Inputs, index: int, seed: bytes) -> Role[Outcome]:
    digest, bids = plan_digest(plan), inputs.bids
    context = attempt_context(digest, inputs.attempt)
    names = [auction.bidders[bid.place] for bid in bids]
    holder = Holder(index, digest, auction.width)
    shown = []
    for bid in bids:
        said: OpenedBid = yield Receive(owner(bid.place), OpenedBid)
        shown.append(holder.kept(bid, said.shares))
    shapes = {place: receiver_shapes(auction.graph(), label) for place, label in _labels(auction, bids).items()}
    program = sha256(_ORDER_DOMAIN + auction.graph().digest + bytes(one.place for one in bids)).digest()

    def steps() -> Steps[tuple[dict[Party, list[Shared]], list[bool]]]:
        own = SeededEntropy(seed).fork("ranking").bytes(32)
        node = yield from set_up(index, context=context, seed=own, adversary=auction.adversary, program=program)
        held = yield from holder.exchange(bids, shown)
        counted = yield from agree(index, held, names)
        results = yield from _rank(node, auction, bids, counted_words(held, counted))
        return (yield from hand_over(node, results, shapes)), counted

    witness = inputs.witness if auction.adversary is Adversary.MALICIOUS else None
    results, counted = yield from as_role(index, steps(), witness=witness)
    for place, columns in sorted(results.items()):
        yield from send_bulk(place, pack_results(columns))
    unopened = sorted(name for name, counts in zip(names, counted, strict=True) if not counts)
    return (yield from close_as_other(receivers=_receivers(auction), counts={}, unopened=tuple(unopened)))


def _rank(node: Node, auction: Auction, bids: Sequence[Bid], held: Words64) -> Steps[dict[Party, list[Shared]]]:
    """What each receiver gets."""
    column = yield from from_bits(node, Words(held).to_planes(auction.width))
    graph = auction.graph()
    found = yield from graph_steps(graph, node, {owner(0): [column]})
    by_label = {label: found[receiver(at)] for at, label in enumerate(receivers(graph))}
    return {place: by_label[label] for place, label in _labels(auction, bids).items()}


def _labels(auction: Auction, bids: Sequence[Bid]) -> Mapping[Party, str]:
    """What the program calls each receiver: where there are ranks, a bidder receives that of its own row."""
    if auction.offer.rule is Rule.ORDER:
        return {receiver(bid.place): f"row-{row}" for row, bid in enumerate(bids)}
    return dict.fromkeys(_receivers(auction), "receivers")


def _receiver(auction: Auction, bids: Sequence[Bid], me: Party, seed: bytes) -> Role[Outcome]:
    graph = auction.graph()
    shapes: list[ColumnShape] = receiver_shapes(graph, _labels(auction, bids)[me])
    opened = yield from receiver_role(shapes)
    result = _table(auction, bids, [one.view(np.int64).tolist() for one in opened])
    others = [*COMPUTE, *(owner(at) for at in range(len(auction.bidders))), *(one for one in _receivers(auction) if one != me)]
    return (yield from close_as_receiver(result, me, receivers=_receivers(auction), counts={}, others=others, seed=seed))


def _table(auction: Auction, bids: Sequence[Bid], opened: Sequence[Sequence[int]]) -> Result:
    """The outcome in words: one row a winner, or the own rank; no row where no bid counts."""
    rule = auction.offer.rule
    columns: dict[str, list[object]]
    if rule is Rule.ORDER:
        columns = {"rank": [one for one in opened[0] if one != VOID]}
    else:
        rows = [row for row in opened[-1] if row != NOBODY]  # `price` stands before `winners`
        columns = {"bidder": [auction.bidders[bids[row].place] for row in rows]}
        if rule is Rule.BEST:
            columns["rank"] = [rank + 1 for rank in range(len(rows))]
        elif rule is not Rule.WINNER:
            columns["price"] = [opened[0][0] for _ in rows]
    types = {one.name: pa.large_string() if one.kind == "text" else pa.int64() for one in auction.columns()}
    return Result(pa.table({name: pa.array(cells, types[name]) for name, cells in columns.items()}))


def _receivers(auction: Auction) -> list[Party]:
    return [receiver(at) for at in range(len(auction.receivers))]
