"""Groups, joins, partitions, entries at secret places: against dictionaries and lists, at the stated cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from atoll.protocols.mpc import Adversary, Node, Planes, Ran, Ring, Steps, multiply, partitioning, table_traffic
from atoll.protocols.mpc.errors import DestinationsDisputed, KeyTooOften
from atoll.protocols.mpc.gathering import by_order, by_products
from atoll.protocols.mpc.grouping import Grouped, by_code, by_key
from atoll.protocols.mpc.joining import Matches, join
from atoll.protocols.mpc.partitioning import partition
from atoll.protocols.mpc.shuffling import Column
from atoll.protocols.mpc.traffic import Traffic
from tests.unit.mpc_tables.three import numbers, planes, ring, run

ROWS = {
    "none": [],
    "one": [(2, 7)],
    "one group": [(3, at) for at in range(70)],
    "gaps": [(0, 5), (4, 1), (0, -6), (4, 2), (4, 9)],
    "many": [(at * 7 % 13 % 5, at * 31 % 17 - 8) for at in range(200)],
}


def said(ran: Ran[Any]) -> Traffic:
    return Traffic(ran.rounds, ran.bytes_by_node)


def told(cost: Callable[..., Traffic], *sizes: int, adversary: Adversary) -> Traffic:
    malicious = adversary is Adversary.MALICIOUS
    alone = cost(*sizes, malicious=malicious)
    return alone + alone.proofs() if malicious else alone


def signed(held: Sequence[Column]) -> list[int]:
    return [int(one) for one in numbers(held).view(np.int64)]


@pytest.mark.parametrize("adversary", Adversary)
@pytest.mark.parametrize("name", ROWS)
def test_groups_by_code(name: str, adversary: Adversary) -> None:
    rows = ROWS[name]
    code, value = planes([code for code, _ in rows], 3), ring([value for _, value in rows])
    within = planes([value + 8 for _, value in rows], 8)

    def program(node: Node, at: int) -> Steps[Grouped]:
        return (yield from by_code(node, code[at], 6, [value[at]], within=within[at], ends=[value[at]]))

    ran = run(program, adversary=adversary)
    groups = defaultdict(list)
    for one, number in rows:
        groups[one].append(number)
    assert signed([one.counts for one in ran.outputs if one.counts is not None]) == [len(groups[one]) for one in range(6)]
    assert signed([one.sums[0] for one in ran.outputs]) == [sum(groups[one]) for one in range(6)]
    firsts, lasts = signed([one.firsts[0] for one in ran.outputs]), signed([one.lasts[0] for one in ran.outputs])
    for one, members in groups.items():
        if members:
            assert (firsts[one], lasts[one]) == (min(members), max(members))
    assert said(ran) == told(table_traffic.by_code, len(rows), 6, 3, 8, True, 1, 1, adversary=adversary)


def test_codes_beyond_the_domain_are_left_out() -> None:
    code, value = planes([0, 3, 1, 2, 3], 2), ring([1, 2, 4, 8, 16])
    ran = run(lambda node, at: by_code(node, code[at], 3, [value[at]]))
    assert signed([one.sums[0] for one in ran.outputs]) == [1, 4, 8]


@pytest.mark.parametrize("adversary", Adversary)
@pytest.mark.parametrize("name", [name for name in ROWS if name != "none"])
def test_groups_by_key(name: str, adversary: Adversary) -> None:
    rows = ROWS[name]
    code, value = [code for code, _ in rows], ring([value for _, value in rows])
    key, named, within = planes(code, 3), ring(code), planes([value + 8 for _, value in rows], 8)

    def program(node: Node, at: int) -> Steps[Grouped]:
        return (yield from by_key(node, key[at], [named[at]], [value[at]], within=within[at], ends=[value[at]]))

    ran = run(program, adversary=adversary)
    groups = defaultdict(list)
    for one, number in sorted(rows):
        groups[one].append(number)
    rest = [0] * (len(rows) - len(groups))
    assert signed([one.keys[0] for one in ran.outputs]) == [*groups, *rest]
    assert signed([one.counts for one in ran.outputs if one.counts is not None]) == [*map(len, groups.values()), *rest]
    assert signed([one.sums[0] for one in ran.outputs]) == [*map(sum, groups.values()), *rest]
    assert signed([one.firsts[0] for one in ran.outputs]) == [*map(min, groups.values()), *rest]
    assert signed([one.lasts[0] for one in ran.outputs]) == [*map(max, groups.values()), *rest]
    assert signed([one.valid for one in ran.outputs if one.valid]) == [1] * len(groups) + rest
    assert said(ran) == told(table_traffic.by_key, len(rows), 3, 8, 1, 1, 1, adversary=adversary)


@pytest.mark.parametrize("bits", [[], [0], [1], [1] * 70, [0] * 70, [at * 5 % 7 % 2 for at in range(200)]])
def test_partitions_and_undoes_it(bits: list[int]) -> None:
    bit, row = planes(bits, 1), ring(np.arange(len(bits)))

    def program(node: Node, at: int) -> Steps[tuple[Ring, Column, Column]]:
        order, flags, (moved,) = yield from partition(node, bit[at], [row[at]])
        (back,) = yield from order.undo(node, moved)
        return flags, moved, back

    flags, moved, back = (signed(held) for held in zip(*run(program).outputs, strict=True))
    assert moved == sorted(range(len(bits)), key=lambda at: -bits[at])
    assert flags == sorted(bits, reverse=True)
    assert back == list(range(len(bits)))


def test_the_destinations_that_a_partition_opens_do_not_depend_on_the_bits() -> None:
    for bits in ([0, 0, 0], [1, 0, 1]):
        seen: Counter[tuple[int, ...]] = Counter()
        bit = planes(bits, 1)
        for seed in range(300):
            ran = run(lambda node, at, bit=bit: partition(node, bit[at], []), seed=seed)  # type: ignore[misc]
            seen[tuple(ran.outputs[0][0].places)] += 1
        assert len(seen) == 6
        assert sum((one - 50) ** 2 / 50 for one in seen.values()) < 25.7  # chi-square, 5 degrees, 1e-4


@pytest.mark.parametrize("change", [1, 1 << 32, -1])
def test_destinations_that_are_no_order_are_told_from_a_bug(change: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Node 1 says another product than it has; multiples of 2^32 too, which 32 bits would not show."""

    def deviating(node: Node, x: Ring, y: Ring) -> Steps[Ring]:
        return multiply(node, x.plus_public(0, change) if node.me == 1 else x, y)

    monkeypatch.setattr(partitioning, "multiply", deviating)
    bit = planes([0, 1, 1, 0, 1], 1)
    with pytest.raises(DestinationsDisputed, match="5 rows"):
        run(lambda node, at: partition(node, bit[at], []))


JOINS = {
    "few": ([3, 1, 3, 9, 0], [3, 0, 4], 1),
    "nothing matches": ([1, 2, 3], [5, 6], 1),
    "several": ([3, 1, 3, 7], [3, 3, 1, 5, 3], 3),
    "one row": ([3], [3], 1),
    "more matches allowed than there are rows": ([3, 1], [3, 3], 5),
    "one side longer": ([at % 50 for at in range(130)], list(range(40, 60)), 2),
}


@pytest.mark.parametrize("adversary", Adversary)
@pytest.mark.parametrize("name", JOINS)
def test_joins(name: str, adversary: Adversary) -> None:
    left, right, most = JOINS[name]
    x, y, value = planes(left, 6), planes(right, 6), ring([100 + at for at in range(len(right))])
    ran = run(lambda node, at: join(node, x[at], y[at], [value[at]], multiplicity=most), adversary=adversary)
    for copy in range(most):
        held = [one[copy] for one in ran.outputs]
        matches = [([100 + at for at, key in enumerate(right) if key == wanted][::-1] + [0] * most)[copy] for wanted in left]
        assert signed([one.columns[0] for one in held]) == matches
        assert signed([one.found for one in held]) == [int(one > 0) for one in matches]
    assert said(ran) == told(table_traffic.join, len(left), len(right), 6, 1, most, adversary=adversary)


@pytest.mark.parametrize(("right", "most"), [([3, 3], 1), ([1, 4, 4, 2, 4], 2), ([0] * 100, 99)])
def test_a_key_too_often_is_refused_and_not_named(right: list[int], most: int) -> None:
    x, y = planes([3], 3), planes(right, 3)
    with pytest.raises(KeyTooOften, match=f"more than {most} times") as refused:
        run(lambda node, at: join(node, x[at], y[at], [], multiplicity=most))
    assert refused.value.operands == {"limit": most}


def test_a_join_may_ask_for_no_columns() -> None:
    x, y = planes([3, 1], 3), planes([3], 3)
    ran: Ran[tuple[Matches, ...]] = run(lambda node, at: join(node, x[at], y[at], []))
    assert signed([one[0].found for one in ran.outputs]) == [1, 0]


@pytest.mark.parametrize("adversary", Adversary)
@pytest.mark.parametrize("entries", [1, 2, 5, 100])
def test_entries_at_secret_places_both_ways(entries: int, adversary: Adversary) -> None:
    table, places = [at * at - 7 for at in range(entries)], [at * 3 % entries for at in range(70)]
    width = max((entries - 1).bit_length(), 1)
    columns, place = (ring(table), ring([-one for one in table])), planes(places, width)
    for way, cost in ((by_products, table_traffic.gather_by_products), (by_order, table_traffic.gather_by_order)):
        ran = run(lambda node, at, way=way: way(node, [one[at] for one in columns], place[at]), adversary=adversary)  # type: ignore[misc]
        assert signed([one[0] for one in ran.outputs]) == [table[one] for one in places]
        assert signed([one[1] for one in ran.outputs]) == [-table[one] for one in places]
        assert said(ran) == told(cost, entries, 70, width, 2, adversary=adversary)


def test_planes_are_planes() -> None:
    assert isinstance(planes([1], 1)[0], Planes)
