"""Signed transcripts: what honest nodes hold of each other, and what is shown of one that lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
import pytest

from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.errors import RolesStalled
from atoll.protocols.mpc import (
    Adversary,
    Node,
    Ring,
    Round,
    Steps,
    as_role,
    compute,
    less_than,
    multiply,
    open_planes,
    open_ring,
    parallel,
    run_together,
    set_up,
    traffic,
)
from atoll.protocols.mpc.claims import (
    SIGNATURE_BYTES,
    Claim,
    Contradiction,
    Deposition,
    Fault,
    PlaceKey,
    SignedClaim,
    SignedKey,
    judge,
)
from atoll.protocols.mpc.errors import (
    ClaimForged,
    CoinDisputed,
    FrameMisplaced,
    OpeningDisputed,
    ProductsDisputed,
    TranscriptDisputed,
)
from atoll.protocols.mpc.framing import POSITION_BYTES
from atoll.protocols.mpc.opening import open_planes_to_pair
from atoll.protocols.mpc.rounds import Side, Why
from atoll.protocols.mpc.traffic import Traffic
from atoll.protocols.mpc.verification import COIN_DIGEST_BYTES
from atoll.protocols.mpc.witness import CLAIM_BYTES, KEY_BYTES, Direction, Witness, signed_bytes
from atoll.protocols.packets import Packet
from atoll.protocols.pump import Pumped, Said, Tamper, pump
from atoll.trust.keys import Purpose, SecretKey
from tests.unit.protocols.mpc.three import deal_planes, deal_ring, numbers

CONTEXT = bytes(range(32)) + bytes(8)
ORGS = {0: "bank", 1: "lab", 2: "state"}
IDENTITY = [SecretKey.generate(Purpose.IDENTITY, SeededEntropy(bytes([place]) * 32)) for place in range(3)]
PLACE = [SecretKey.generate(Purpose.IDENTITY, SeededEntropy(bytes([place + 9]) * 32)) for place in range(3)]
IDENTITIES = {place: (IDENTITY[place].public.data,) for place in range(3)}
X, Y = numbers(4, 1), numbers(4, 2)
LIAR = 1
Lie = Callable[[Round, int], Round]
SET_UP, PRODUCT = 2, 2
"""Rounds of the set-up; the number of the one that says the product."""


def signed_key(place: int, *, context: bytes = CONTEXT, identity: int | None = None) -> SignedKey:
    key = PlaceKey(context=context, place=place, public=PLACE[place].public.data)
    signer = IDENTITY[place if identity is None else identity]
    return SignedKey(org=ORGS[place], key=key, signature=signer.sign(key.to_sign()))


def witness(place: int) -> Witness:
    return Witness(signed_key(place), PLACE[place].sign, ORGS, IDENTITIES)


def multiply_and_open(me: int) -> Steps[Any]:
    """What one node does: it opens something to a pair and to all."""
    x, y, bits = deal_ring(X), deal_ring(Y), deal_planes(X & 7, 3)
    node: Node = yield from set_up(me, context=CONTEXT, seed=bytes([me]) * 32, adversary=Adversary.MALICIOUS)
    product: Ring = yield from multiply(node, x[me], y[me])
    yield from open_planes_to_pair(node, bits[me], 1)
    return (yield from open_ring(node, product))


class Table:
    """Three nodes that multiply and open, each with its witness; one of them may lie in what it says in a round."""

    def __init__(self, *, lie: Lie | None = None, **others: Witness) -> None:
        self.witnesses = [others.get(f"at_{place}") or witness(place) for place in range(3)]
        self._lie = lie

    def run(self, *, tamper: Tamper | None = None) -> Pumped:
        def lying(me: int) -> Steps[Any]:
            program, heard, count = multiply_and_open(me), None, 0
            while True:
                try:
                    said = program.send(heard)
                except StopIteration as end:
                    return end.value
                if self._lie is not None and me == LIAR and isinstance(said, Round):
                    said = self._lie(said, count)
                heard, count = (yield said), count + 1

        roles = {compute(me): as_role(me, lying(me), witness=self.witnesses[me]) for me in range(3)}
        return pump(roles, tamper=tamper)

    def depositions(self) -> list[Deposition]:
        return [one.depose() for one in self.witnesses]

    def judge(self) -> list[Contradiction]:
        return judge(self.depositions(), IDENTITIES, context=CONTEXT)


def other(data: Any) -> bytes:
    """Something else of the same length."""
    return bytes([bytes(data)[0] ^ 1]) + bytes(data)[1:]


def lie_at(why: Why, **directions: bool) -> Lie:
    """Another first byte in the first signed round of its kind."""
    done = False

    def lie(said: Round, _number: int) -> Round:
        nonlocal done
        if done or said.signed is None or said.signed.why is not why or not all(getattr(said, name) for name in directions):
            return said
        done = True
        lies: dict[str, Any] = {name: (other(getattr(said, name)[0]),) for name in directions}
        return replace(said, **lies)

    return lie


def frame(*numbers: int, change: Callable[[Packet], Packet | None]) -> Tamper:
    """Changes some frames from the liar to its previous node."""
    seen = -1

    def hand(said: Said) -> Packet | None:
        nonlocal seen
        if said[:2] != (compute(LIAR), compute(LIAR - 1)):
            return said.packet
        seen += 1
        return change(said.packet) if seen in numbers else said.packet

    return hand


def test_what_signs_is_counted_to_the_byte() -> None:
    sent = [0, 0, 0]
    for said in Table().run().transcript:
        sent[said.sender.index] += len(said.packet.data) - POSITION_BYTES
    ran = run_together([multiply_and_open(me) for me in range(3)])
    assert signed_bytes(ran.bytes_by_node, ran.claims_by_node) == tuple(sent)
    pair = Traffic(1, (32, 32, 2 * 24), claims=(1, 1, 2))
    told = Traffic(SET_UP, (96, 96, 96)) + traffic.multiply(4) + pair + traffic.open_ring(4)
    told += told.proofs()
    assert (ran.rounds, ran.bytes_by_node, ran.claims_by_node) == (told.rounds, told.sent, told.claims)


def test_honest_nodes_agree_on_all_directions_and_nothing_is_to_be_judged() -> None:
    table = Table()
    ran = table.run()
    assert all(np.array_equal(ran[compute(me)].view(np.int64), X * Y) for me in range(3))
    claims = [one.claim for deposition in table.depositions() for one in deposition.claims]
    said = {one for one in claims if one.signer == one.sender}
    assert {(one.sender, one.receiver) for one in said} == {(a, b) for a in range(3) for b in range(3) if a != b}
    assert {one for one in claims if one.signer == one.receiver} == {replace(one, signer=one.receiver) for one in said}
    assert all(one.bytes_said for one in said)
    assert table.judge() == []


def test_a_run_without_witnesses_says_no_byte_more() -> None:
    """The semi-honest model has none."""
    with_them, without = Table(), Table()
    without.witnesses = [None] * 3  # type: ignore[list-item]
    lengths = [sum(len(one.data) - 8 for one in ran.said(compute(0), compute(2))) for ran in (with_them.run(), without.run())]
    claims = round((lengths[0] - lengths[1] - KEY_BYTES) / CLAIM_BYTES)
    assert lengths[0] - lengths[1] == KEY_BYTES + claims * CLAIM_BYTES
    assert claims > 3


def test_a_frame_that_is_altered_on_its_way_contradicts_its_senders_signature() -> None:
    table = Table()
    product = 3  # after the place key, the key and its digest
    change = frame(product, change=lambda packet: Packet(packet.is_bulk, packet.data[:8] + other(packet.data[8:])))
    with pytest.raises(TranscriptDisputed) as caught:
        table.run(tamper=change)
    assert (caught.value.operands["first"], caught.value.operands["second"]) == ("compute/1", "compute/0")
    (found,) = table.judge()
    assert (found.fault, found.pair) == (Fault.ENDS_DIFFER, (0, 1))


def test_where_a_frame_is_withheld_what_was_said_before_stays_proven() -> None:
    table = Table()
    with pytest.raises(RolesStalled):
        table.run(tamper=frame(*range(6, 99), change=lambda _: None))
    assert table.judge() == []
    assert LIAR in {one.claim.signer for one in table.witnesses[0].depose().claims}


def test_a_frame_that_is_sent_again_ends_the_run_and_the_words_before_it_agree() -> None:
    table, kept = Table(), []

    def hand(said: Said) -> Packet | None:
        if said[:2] == (compute(LIAR), compute(LIAR - 1)):
            kept.append(said.packet)
            return kept[-2] if len(kept) == 7 else said.packet
        return said.packet

    with pytest.raises(FrameMisplaced):
        table.run(tamper=hand)
    assert table.judge() == []


def test_who_sent_a_wrong_product_is_bound_to_it_by_its_signature() -> None:
    def lie(said: Round, number: int) -> Round:
        return replace(said, to_previous=(other(said.to_previous[0]),)) if number == PRODUCT else said

    table = Table(lie=lie)
    with pytest.raises(ProductsDisputed):
        table.run()
    assert table.judge() == []  # they agree on what was said: the fault lies in the bytes that both have
    assert any(is_bound(witness) for witness in (table.witnesses[0], table.witnesses[2]))


def is_bound(holder: Witness) -> bool:
    """Whether a node can show the liar's word on the last of a proof, and says the same."""
    claims = [one.claim for one in holder.depose().claims]
    said = [one for one in claims if one.signer == one.sender == LIAR][-1]
    return said.why is Why.PROOF and replace(said, signer=holder.me) in claims


def test_who_tells_one_another_part_of_a_coin_is_one_of_two_and_the_victim_is_none_of_them() -> None:
    table = Table(lie=lie_at(Why.COIN, to_next=True))
    with pytest.raises(CoinDisputed):
        table.run()
    (found,) = judge([table.witnesses[2].depose()], IDENTITIES, context=CONTEXT)
    assert (found.fault, found.pair) == (Fault.PARTS_DIFFER, (0, 1))


def test_who_is_shown_what_was_signed_cannot_try_what_was_opened_in_few_bits() -> None:
    def steps(me: int) -> Steps[Any]:
        node: Node = yield from set_up(me, context=CONTEXT, seed=bytes([me]) * 32, adversary=Adversary.MALICIOUS)
        less = yield from less_than(node, deal_ring(X[:1])[me], deal_ring(Y[:1])[me])
        yield from open_planes_to_pair(node, less, 1)
        return (yield from parallel(open_planes(node, less), open_planes(node, less.inverted(me)), open_planes(node, less)))

    table, below = Table(), int(X[0] < Y[0])
    ran = pump({compute(me): as_role(me, steps(me), witness=table.witnesses[me]) for me in range(3)})
    assert all([int(one[0]) for one in ran[compute(me)]] == [below, 1 - below, below] for me in range(3))
    claims = [one.claim for deposition in table.depositions() for one in deposition.claims]
    told: dict[int, set[bytes]] = {}
    for claim in claims:
        if claim.why is Why.OPENING:
            told.setdefault(claim.round, set()).add(claim.part)
    assert len(told) == 4
    every = set[bytes]().union(*told.values())
    assert len(every) == sum(map(len, told.values()))  # nor is one opening the key to others
    assert every.isdisjoint(sha256(bit.to_bytes(8, "little")).digest() for bit in range(2))


class CoinForger(Witness):
    """Signs nothing behind coins, and the truth elsewhere."""

    def speak(self, direction: Direction, seal: Any, last: bytes | memoryview) -> bytes:
        said = super().speak(direction, seal, last)
        return said[:-SIGNATURE_BYTES] + bytes(SIGNATURE_BYTES) if seal.signed.why is Why.COIN else said


def test_who_tells_another_part_of_a_coin_and_does_not_sign_it_is_named_for_that() -> None:
    """No proof follows whose claim would cover the coin."""
    forger = CoinForger(signed_key(LIAR), PLACE[LIAR].sign, ORGS, IDENTITIES)
    table = Table(lie=lie_at(Why.COIN, to_next=True), at_1=forger)
    with pytest.raises(ClaimForged) as caught:
        table.run()
    assert caught.value.operands["party"] == "compute/1"
    assert isinstance(caught.value.__context__, CoinDisputed)


def test_who_sent_a_message_of_a_proof_that_no_honest_node_sends_is_bound_to_it_by_its_signature() -> None:
    sent: list[int] = []

    def lie(said: Round, number: int) -> Round:
        if said.to_previous and said.signed is None and number > PRODUCT and not sent:
            sent.append(sum(len(bytes(one)) for one in said.to_previous))
            return replace(said, to_previous=(b"\xff" * (sent[0] - 1) + b"\x7f",))
        return said

    table = Table(lie=lie)
    with pytest.raises(ProductsDisputed) as caught:
        table.run()
    assert caught.value.operands["prover"] == "compute/1"
    said = [one.claim for one in table.witnesses[0].depose().claims if one.claim.signer == one.claim.sender == LIAR]
    before, after = said[-2:]
    assert after.why is Why.COIN
    assert after.bytes_said == before.bytes_said + sent[0] + COIN_DIGEST_BYTES


@pytest.mark.parametrize("direction", ["to_next", "to_previous"])
def test_who_opens_another_part_or_says_another_digest_is_one_of_two(direction: str) -> None:
    table = Table(lie=lie_at(Why.OPENING, **{direction: True}))
    with pytest.raises(OpeningDisputed):
        table.run()
    (found,) = table.judge()
    assert found.fault is Fault.PARTS_DIFFER
    assert LIAR in found.pair


class FalseWitness(Witness):
    """Signs, from some round on, another transcript than what was said."""

    def speak(self, direction: Direction, seal: Any, last: bytes | memoryview) -> bytes:
        said = super().speak(direction, seal, last)
        if seal.number < 3 or direction.side is not Side.PREVIOUS:
            return said
        claim = replace(direction.said[-1].claim, stream=bytes(32))
        return claim.stream + claim.part + PLACE[LIAR].sign(claim.to_sign())


def test_a_node_that_signs_a_false_transcript_is_shown_and_named_once_it_says_two_things() -> None:
    table = Table(at_1=FalseWitness(signed_key(LIAR), PLACE[LIAR].sign, ORGS, IDENTITIES))
    with pytest.raises(TranscriptDisputed):
        table.run()
    victim, liar = table.witnesses[0].depose(), table.witnesses[LIAR].depose()
    (alone,) = judge([victim], IDENTITIES, context=CONTEXT)
    assert (alone.fault, alone.pair) == (Fault.ENDS_DIFFER, (0, 1))
    both = {(one.fault, one.pair) for one in judge([victim, liar], IDENTITIES, context=CONTEXT)}
    assert both == {(Fault.ENDS_DIFFER, (0, 1)), (Fault.TWO_WORDS, (LIAR,))}  # it shows what it really said: its own word again


def test_a_signature_that_is_not_the_nodes_own_ends_the_run() -> None:
    table = Table(at_1=Witness(signed_key(LIAR), PLACE[2].sign, ORGS, IDENTITIES))
    with pytest.raises(ClaimForged) as caught:
        table.run()
    assert caught.value.operands["party"] == "compute/1"


@pytest.mark.parametrize("bad", [{"context": bytes(40)}, {"identity": 2}], ids=["of another attempt", "by another one"])
def test_a_place_key_that_its_organisation_did_not_sign_for_this_attempt_is_refused(bad: dict[str, Any]) -> None:
    forged = signed_key(LIAR, **bad)
    key = SignedKey(org=forged.org, key=signed_key(LIAR).key, signature=forged.signature)
    with pytest.raises(ClaimForged):
        Table(at_1=Witness(key, PLACE[LIAR].sign, ORGS, IDENTITIES)).run()


def change_claim(deposition: Deposition, **fields: Any) -> Deposition:
    first, *rest = deposition.claims
    return replace(deposition, claims=(replace(first, claim=replace(first.claim, **fields)), *rest))


def test_the_judge_believes_nothing_that_is_not_signed_for_this_attempt() -> None:
    table = Table()
    table.run()
    honest = table.witnesses[0].depose()
    assert judge([honest], IDENTITIES, context=CONTEXT) == []
    claim: Claim = honest.claims[0].claim
    of_another = replace(claim, sender=1, receiver=2, signer=0)
    bad = [
        change_claim(honest, stream=bytes(32)),
        change_claim(honest, round=claim.round + 1),
        replace(honest, keys=honest.keys[1:]),
        replace(honest, keys=(replace(honest.keys[0], signature=bytes(64)), *honest.keys[1:])),
        replace(honest, claims=(SignedClaim(claim=of_another, signature=PLACE[0].sign(of_another.to_sign())),)),
    ]
    elsewhere = replace(claim, context=bytes(40))
    bad.append(replace(honest, claims=(SignedClaim(claim=elsewhere, signature=PLACE[claim.signer].sign(elsewhere.to_sign())),)))
    for one in bad:
        with pytest.raises(ClaimForged):
            judge([one], IDENTITIES, context=CONTEXT)
    with pytest.raises(ClaimForged):
        judge([honest], IDENTITIES, context=bytes(40))
    with pytest.raises(ClaimForged):
        judge([honest], {**IDENTITIES, 0: IDENTITIES[2]}, context=CONTEXT)


def test_a_node_cannot_make_another_ones_claim_its_own() -> None:
    """Two identities that sign one place key do not make one signer of two."""
    keys = [signed_key(place) for place in range(3)]
    stolen = replace(keys[2].key, public=PLACE[0].public.data)
    claim = Claim(
        context=CONTEXT, signer=0, sender=0, receiver=1, round=0, why=Why.PROOF, bytes_said=1, stream=bytes(32), part=bytes(32)
    )
    word = SignedClaim(claim=claim, signature=PLACE[0].sign(claim.to_sign()))
    taken = replace(word, claim=replace(claim, signer=2, sender=2))
    signed = SignedKey(org=ORGS[2], key=stolen, signature=IDENTITY[2].sign(stolen.to_sign()))
    with pytest.raises(ClaimForged):
        judge([Deposition(witness=2, keys=(keys[0], signed), claims=(taken,))], IDENTITIES, context=CONTEXT)
