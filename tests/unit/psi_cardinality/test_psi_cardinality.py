"""The size of an intersection: results, noise, what hostile peers meet, checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from atoll.primitives import ristretto
from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.errors import WrongBulkLength
from atoll.protocols.psi import MemoryItems, errors
from atoll.protocols.psi_cardinality import Cardinality, Limits, Noise, receiver, sender
from atoll.protocols.psi_cardinality.dummies import draw_dummies, public_dummies
from atoll.protocols.pump import Pumped, Tamper, pump
from atoll.protocols.role import Party, Role
from tests.unit.dh.runs import BAD_ELEMENTS, RECEIVER, SENDER, change, frames_of, items, lengths_of, seat

NOISE = Noise(epsilon_micro=1_500_000, delta_bits=20)


def sending(theirs: MemoryItems, **changes: Any) -> Role[None]:
    return sender(theirs, **seat(SENDER, **changes))


def receiving(ours: MemoryItems, **changes: Any) -> Role[Cardinality]:
    return receiver(ours, **seat(RECEIVER, **changes))


def run(ours: MemoryItems, theirs: MemoryItems, *, tamper: Tamper | None = None, **agreed: Any) -> Pumped:
    return pump({RECEIVER: receiving(ours, **agreed), SENDER: sending(theirs, **agreed)}, tamper=tamper)


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [
        ([], [], 0),
        ([1], [], 0),
        ([], [1], 0),
        ([1], [1], 1),
        ([1], [2], 0),
        ([3, 3, 3], [3], 1),
        ([3, 3, 4], [4, 3, 3, 4, 3], 2),
        ([*range(30)], [40, 7, 41, 29, 0], 3),
        ([*range(30)], [*range(30)], 30),
    ],
)
def test_the_receiver_counts_distinct_keys_that_both_have(ours: list[int], theirs: list[int], both: int) -> None:
    ran = run(items(*ours), items(*theirs))
    assert ran[RECEIVER] == Cardinality(both, None)
    assert ran[SENDER] is None


def test_answers_come_in_an_order_that_is_not_the_receivers() -> None:
    """Else a match would be a key. Undone by the true order of the elements that the sender saw, they are in another."""
    ran = run(items(*range(20)), items(1))
    key = ristretto.draw_secret(SeededEntropy(bytes([7] * 32)).fork("psi-cardinality-ristretto255/1 None key"))
    in_order = ristretto.multiply(frames_of(ran, RECEIVER)[0], key)
    answered = frames_of(ran, SENDER)[-1]
    assert answered != in_order
    assert sorted(cut(answered)) == sorted(cut(in_order))


def cut(packed: bytes) -> list[bytes]:
    return [packed[at : at + 32] for at in range(0, len(packed), 32)]


@pytest.mark.parametrize("agreed", [{}, {"noise": NOISE}], ids=["exact", "noise"])
def test_a_resume_at_any_checkpoint_says_the_same_and_ends_the_same(agreed: dict[str, Any]) -> None:
    ours, theirs = items(*range(30)), items(*range(20, 60))
    whole = run(ours, theirs, **agreed)
    assert len(whole.checkpoints[SENDER]) == 2
    for number in (1, 2):
        states = {party: whole.checkpoints[party][number - 1] for party in (SENDER, RECEIVER)}
        resumed = pump(
            {
                RECEIVER: receiving(ours, resume=states[RECEIVER], **agreed),
                SENDER: sending(theirs, resume=states[SENDER], **agreed),
            }
        )
        assert resumed[RECEIVER] == whole[RECEIVER]
        for here, there in ((SENDER, RECEIVER), (RECEIVER, SENDER)):
            assert resumed.said(here, there) == whole.said(here, there, after=number)
            assert resumed.checkpoints[here] == whole.checkpoints[here][number:]


@pytest.mark.parametrize(
    "changes",
    [{"theirs": items(1, 2, 3, 5)}, {"seed": bytes(32)}, {"context": bytes([1] * 32)}, {"noise": NOISE}],
    ids=["set", "seed", "context", "noise"],
)
def test_a_checkpoint_of_another_run_is_refused(changes: dict[str, Any]) -> None:
    state = run(items(1, 2, 3, 4), items(1, 2, 3, 4)).checkpoints[SENDER][0]
    theirs = changes.get("theirs", items(1, 2, 3, 4))
    with pytest.raises(errors.ForeignCheckpoint):
        next(sending(theirs, resume=state, **{name: value for name, value in changes.items() if name != "theirs"}))


@pytest.mark.parametrize("bad", BAD_ELEMENTS.values(), ids=BAD_ELEMENTS)
@pytest.mark.parametrize(("party", "number"), [(RECEIVER, 0), (SENDER, 1)], ids=["keys", "answers"])
def test_elements_off_the_group_are_refused_with_their_place(party: Party, number: int, bad: bytes) -> None:
    tamper = change(party, number, lambda data: data[:64] + bad + data[96:])
    with pytest.raises(errors.BadElement) as caught:
        run(items(*range(5)), items(*range(5)), tamper=tamper)
    assert caught.value.position == 2


@pytest.mark.parametrize("edit", [lambda data: data[:-1], lambda data: data + b"\0", lambda data: data[:-32]])
@pytest.mark.parametrize(("party", "number"), [(RECEIVER, 0), (SENDER, 0), (SENDER, 1)], ids=["keys", "tags", "answers"])
def test_frames_of_other_lengths_are_refused(party: Party, number: int, edit: Callable[[bytes], bytes]) -> None:
    with pytest.raises(WrongBulkLength):
        run(items(*range(5)), items(*range(5)), tamper=change(party, number, edit))


@pytest.mark.parametrize(
    ("party", "number", "size"), [(RECEIVER, 0, 32), (SENDER, 0, 16), (SENDER, 1, 32)], ids=["keys", "tags", "answers"]
)
def test_a_value_sent_twice_is_refused_before_anything_comes_of_it(party: Party, number: int, size: int) -> None:
    """A receiver that repeats a key would know its answer by coming twice, and so whether that key is among the matches."""
    tamper = change(party, number, lambda data: data[:-size] + data[:size])
    with pytest.raises(errors.RepeatedElement) as caught:
        run(items(*range(5)), items(*range(5)), tamper=tamper)
    assert (caught.value.party, caught.value.position) == (str(party), 4)


def test_nobody_brings_more_than_agreed() -> None:
    for role in (sending(items(*range(101))), receiving(items(*range(101)))):
        with pytest.raises(errors.TooManyRows):
            next(role)
    with pytest.raises(errors.PeerSetTooLarge):
        pump({RECEIVER: receiving(items(*range(5))), SENDER: sending(items(1), limits=Limits(own_items=9, peer_items=4))})


@pytest.mark.parametrize("agreed", [{}, {"noise": NOISE}], ids=["exact", "noise"])
def test_lengths_follow_from_the_numbers_of_rows_alone(agreed: dict[str, Any]) -> None:
    seen = [
        lengths_of(run(items(*ours), items(*theirs), **agreed))
        for ours, theirs in ((range(20), range(30)), (range(20), range(100, 130)), ([1] * 20, [*range(15), *range(15)]))
    ]
    assert seen[0] == seen[1] == seen[2]


# -- noise ---------------------------------------------------------------------------------------------------------------------


def test_the_count_is_the_true_one_and_noise_within_the_shift_that_follows_from_the_senders_seed() -> None:
    ours, theirs = items(*range(12)), items(*range(6, 30))
    seen = set()
    for number in range(12):
        roles: dict[Party, Role[Any]] = {
            RECEIVER: receiving(ours, noise=NOISE),
            SENDER: sending(theirs, noise=NOISE, seed=bytes([number] * 32)),
        }
        found = pump(roles)[RECEIVER]
        assert found.noise == NOISE
        assert abs(found.keys - 6) <= NOISE.shift
        seen.add(found.keys)
    assert len(seen) > 2


def test_noise_needs_no_key_on_either_side() -> None:
    found = run(items(), items(), noise=NOISE)[RECEIVER]
    assert abs(found.keys) <= NOISE.shift


def test_the_sender_brings_as_many_dummies_whatever_the_noise_and_the_public_ones_first() -> None:
    agreed = {"salt": bytes(32), "context": bytes(32)}
    public = public_dummies(NOISE, **agreed)
    assert len(public) == 16 * 2 * NOISE.shift
    taken = set()
    for number in range(20):
        drawn = draw_dummies(NOISE, entropy=SeededEntropy(bytes([number] * 32)), **agreed)
        assert len(drawn) == len(public)
        common = sum(drawn[at : at + 16] == public[at : at + 16] for at in range(0, len(public), 16))
        assert drawn.startswith(public[: 16 * common])
        taken.add(common)
    assert len(taken) > 2
    assert public_dummies(NOISE, salt=bytes([1] * 32), context=bytes(32)) != public
    assert public_dummies(None, **agreed) == draw_dummies(None, entropy=SeededEntropy(bytes(32)), **agreed) == b""


def test_both_sides_must_have_agreed_on_the_same_noise() -> None:
    with pytest.raises(WrongBulkLength):
        pump({RECEIVER: receiving(items(1)), SENDER: sending(items(1), noise=NOISE)})


@pytest.mark.parametrize("bad", [{"epsilon_micro": 0}, {"epsilon_micro": 10**8}, {"epsilon_micro": 100}, {"delta_bits": 3}])
def test_noise_that_means_nothing_or_needs_too_many_dummies_is_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="epsilon"):
        Noise(**({"epsilon_micro": 1_000_000} | bad))


def test_the_shift_is_the_published_figure() -> None:
    assert Noise(epsilon_micro=1_000_000).shift == 27
    assert Noise(epsilon_micro=100_000).shift == 248
