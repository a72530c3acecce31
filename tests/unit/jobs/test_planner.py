"""Which protocol the planner chooses, and what it says about it."""

from __future__ import annotations

import runpy
from dataclasses import replace
from itertools import pairwise

import pytest

from atoll.jobs.errors import BadPlan
from atoll.jobs.intersection import cost
from atoll.jobs.intersection.outputs import Output, Security
from atoll.jobs.intersection.planner import choose, weigh
from atoll.jobs.intersection.protocols import PROTOCOLS
from atoll.jobs.intersection.shape import Link, Shape
from atoll.primitives import ristretto

LAN, SLOW = Link(), Link(megabits_per_second=10, latency_ms=50)
SMALL = Shape(receiver_rows=1000, owner_rows=(1000,))


def test_every_protocol_and_variant_is_weighed_and_those_that_cannot_serve_say_why() -> None:
    weighed = weigh(SMALL, LAN)
    assert {one.adapter.name for one in weighed} == set(PROTOCOLS)
    assert all(bool(one.why_not) != (one.cost is not None) for one in weighed)


def test_plans_reckon_with_the_best_kernel_that_this_processor_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kernel has rates of its own, and who has more lanes is faster at both."""
    seen = []
    for best in (["ifma", "avx2", "portable"], ["avx2", "portable"], ["portable"]):
        monkeypatch.setattr("atoll.primitives.ristretto.kernels", lambda best=best: tuple(best))
        there = runpy.run_path(str(cost.__file__))
        assert (there["MASKED_PER_SECOND"], there["MULTIPLIED_PER_SECOND"]) == cost.KERNEL_RATES[best[0]]
        seen.append(cost.KERNEL_RATES[best[0]])
    assert all(faster > slower for pair in pairwise(seen) for faster, slower in zip(*pair, strict=True))
    monkeypatch.undo()
    assert cost.KERNEL_RATES[ristretto.kernels()[0]] == (cost.MASKED_PER_SECOND, cost.MULTIPLIED_PER_SECOND)


def test_a_slower_link_never_makes_anything_faster() -> None:
    fast = {one.name: one.seconds for one in weigh(SMALL, LAN)}
    slow = {one.name: one.seconds for one in weigh(SMALL, SLOW)}
    assert all(slow[name] >= fast[name] for name in fast)


def test_the_fastest_that_can_serve_is_chosen_and_the_reason_names_it() -> None:
    choice = choose(SMALL, LAN)
    able = [one for one in choice.candidates if not one.why_not]
    assert choice.chosen.seconds == min(one.seconds for one in able)
    assert choice.chosen.name in choice.why


def test_a_round_of_questions_that_waits_for_the_answers_before_it_takes_a_round_trip() -> None:
    cost = PROTOCOLS["psi-ecdh-curve25519"].cost
    shapes = [Shape(receiver_rows=rows, owner_rows=(1 << 20,)) for rows in (1, 1 << 14, (1 << 14) + 1, 1 << 20)]
    assert [cost(shape, "").rounds for shape in shapes] == [4, 4, 6, 130]


def test_a_person_can_force_any_protocol_that_can_serve() -> None:
    for one in weigh(SMALL, LAN):
        if not one.why_not:
            assert choose(SMALL, LAN, protocol=one.adapter.name).chosen.adapter is one.adapter


def test_what_nobody_can_do_is_refused_with_everybodys_reason() -> None:
    impossible = Shape(receiver_rows=10, owner_rows=(10, 10), output=Output.SUM)
    with pytest.raises(BadPlan) as caught:
        choose(impossible, LAN)
    assert all(name in str(caught.value) for name in PROTOCOLS)


def test_payloads_that_no_checkpoint_could_hold_are_refused_when_the_job_is_drafted() -> None:
    """Not after the matches are there, when the reason would tell how many there are."""

    def reason(rows: int, payload_bytes: int) -> str:
        shape = Shape(receiver_rows=rows, owner_rows=(rows,), output=Output.ROWS, payload_bytes=payload_bytes)
        return PROTOCOLS["psi-payload-ristretto255"].why_not(shape)

    assert "2,240,000,000 bytes" in reason(10_000_000, 200)
    assert reason(9_000_000, 200) == ""
    few = Shape(receiver_rows=10_000_000, owner_rows=(1_000,), output=Output.ROWS, payload_bytes=200)
    assert PROTOCOLS["psi-payload-ristretto255"].why_not(few) == ""


def test_a_forced_protocol_that_cannot_serve_says_why() -> None:
    with pytest.raises(BadPlan, match="does not give cardinality"):
        choose(Shape(receiver_rows=10, owner_rows=(10,), output=Output.CARDINALITY), LAN, protocol="psi-ecdh-curve25519")


@pytest.mark.parametrize(
    ("shape", "link", "expected"),
    [
        (Shape(receiver_rows=1_000, owner_rows=(1_000,)), LAN, "psi-ecdh-curve25519"),
        (Shape(receiver_rows=1_000_000, owner_rows=(1_000_000,)), LAN, "psi-rr22 (fast)"),
        (Shape(receiver_rows=1_000_000, owner_rows=(1_000_000,)), SLOW, "psi-rr22 (low-communication)"),
        (Shape(receiver_rows=30_000_000, owner_rows=(1_000_000,)), SLOW, "psi-rr22 (fast)"),
        (Shape(receiver_rows=2000, owner_rows=(100,), security=Security.MALICIOUS), SLOW, "psi-rr22 (fast)"),
        (Shape(receiver_rows=100, owner_rows=(100, 100)), LAN, "psi-multi-kmprt17"),
    ],
    ids=["small", "large", "large-and-slow", "too-large-for-that", "malicious", "three"],
)
def test_size_link_security_and_parties_decide(shape: Shape, link: Link, expected: str) -> None:
    assert choose(shape, link).chosen.name == expected


@pytest.mark.parametrize("output", [Output.SUM, Output.CARDINALITY])
def test_what_takes_more_memory_than_a_party_has_is_not_offered_and_says_so(output: Output) -> None:
    large = Shape(receiver_rows=1 << 22, owner_rows=(1 << 22,), output=output)
    needs = choose(large, LAN).chosen.cost
    assert needs is not None
    choose(replace(large, memory_bytes=needs.memory_bytes), LAN)
    with pytest.raises(BadPlan, match=r"it takes about [\d,]+ MiB of memory, and a party has 1,024"):
        choose(replace(large, memory_bytes=1 << 30), LAN)


def test_nothing_that_is_offered_takes_more_than_four_gibibytes() -> None:
    offered = [
        one.cost
        for output in Output
        for rows in (1 << 20, 1 << 24, 100_000_000)
        for one in weigh(Shape(receiver_rows=rows, owner_rows=(rows,), output=output, payload_bytes=64), LAN)
        if one.cost
    ]
    assert max(one.memory_bytes for one in offered) <= 4 << 30
    assert any(one.memory_bytes > 1 << 30 for one in offered)
