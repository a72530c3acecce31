"""Between whom a failure lies."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from atoll.errors import AtollError
from atoll.jobs.errors import OpenedDiffers
from atoll.ledger.records import Key, KeyPointer
from atoll.ledger.state import State
from atoll.node.depositions import Depositions, identity_keys
from atoll.node.execution import find_pair
from atoll.node.job_orders import Orders
from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.mpc.errors import CoinDisputed, FrameMisplaced, ProductsDisputed, RoundsDiffer
from atoll.transport.errors import DeadlinePassed
from atoll.trust.algorithms import Algorithm
from atoll.trust.keys import Purpose, SecretKey
from tests.unit.node.offices import JOB, Offices

ONE, TWO, THREE = "compute/0", "compute/1", "compute/2"


@pytest.mark.parametrize(
    ("error", "pair"),
    [
        (ProductsDisputed(prover=TWO, first=ONE, second=THREE), [1, 2]),
        (CoinDisputed(first=ONE, second=TWO), [0, 1]),
        (FrameMisplaced(party=ONE, expected=8), [0, 2]),
        (FrameMisplaced(party="owner/0", expected=8), []),
        (DeadlinePassed(waiting="computing"), []),
        (OpenedDiffers(nodes=ONE, bidders="lab"), []),
        (RoundsDiffer(node=1, expected=8, found=9), []),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, AtollError) else "",
)
def test_a_node_disputes_with_whom_it_accuses_and_otherwise_names_two_others(error: AtollError, pair: list[int]) -> None:
    assert find_pair(error, 2) == pair


class TestWhoseKeysCount:
    START = 10

    def counted(self, *lives: tuple[int, int | None, int | None]) -> list[int]:
        """Of keys that came, were replaced and were revoked at these heights: versions that count for a job, newest first."""
        view = State({})
        for version, (came, replaced, revoked) in enumerate(lives, 1):
            public = SecretKey.generate(Purpose.IDENTITY, SeededEntropy(bytes([version]) * 32)).public.data
            view.put(
                Key(
                    org="lab",
                    purpose=Purpose.IDENTITY,
                    version=version,
                    algorithm=Algorithm.ED25519,
                    public=public,
                    from_height=came,
                    to_height=replaced,
                    revoked_height=revoked,
                )
            )
        view.put(KeyPointer(org="lab", purpose=Purpose.IDENTITY, version=len(lives)))
        return [key.version for key in identity_keys(view, "lab", self.START)]

    def test_one_that_is_replaced_or_revoked_after_the_start_does(self) -> None:
        assert self.counted((1, None, None)) == [1]
        assert self.counted((1, None, 11)) == [1]
        assert self.counted((1, 11, None), (11, 12, None), (12, 13, 13), (13, 14, 14), (14, 15, 15), (15, None, None)) == [
            *range(6, 0, -1)
        ]

    def test_one_that_had_gone_before_does_not(self) -> None:
        assert self.counted((1, 10, None), (10, None, None)) == [2]
        assert self.counted((1, None, 10)) == []
        assert self.counted((1, 9, 9), (9, None, None)) == [2]


@pytest.mark.parametrize(
    "failed",
    [{"deposition": 7, "between": []}, {"deposition": "aa"}, {"deposition": "aa", "between": [[0]]}],
    ids=["a number", "between nobody", "between lists"],
)
def test_what_a_process_shows_that_is_no_deposition_is_not_kept(offices: Offices, failed: dict[str, Any]) -> None:
    """It may have been taken over, and people look at the job later."""
    bank = offices["bank"]
    Depositions(bank.context).keep(JOB.hex(), failed)
    assert not bank.store.meta(f"deposition/{JOB.hex()}")
    Depositions(bank.context).keep(JOB.hex(), {"deposition": "aa", "between": [0, 1]})
    assert bank.store.meta(f"deposition/{JOB.hex()}")


@pytest.mark.parametrize(("model", "signs"), [("honest-majority-malicious", 1), ("honest-majority-semi-honest", 0)])
def test_an_identity_key_signs_a_place_only_where_the_plan_reckons_with_malicious_nodes(
    offices: Offices, model: str, signs: int
) -> None:
    signed: list[bytes] = []

    def sign(data: bytes) -> bytes:
        signed.append(data)
        return bytes(64)

    bank, keys = offices["bank"], SimpleNamespace(signing=lambda *_: sign)
    orders = Orders(bank.context, bank.bodies, keys, None)  # type: ignore[arg-type]
    order = orders._witness(offices.plan(adversary_model=model), b"a plan", 1, {("compute", 2), ("owner", 0)})
    assert (order is not None, len(signed)) == (bool(signs), signs)
