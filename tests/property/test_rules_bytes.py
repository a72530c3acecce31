"""Whatever bytes arrive, `apply` answers: it never raises, and what it refuses leaves nothing behind."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.ledger.apply import Context, apply
from atoll.ledger.records import MotionKind, Nonce, record_key
from atoll.ledger.rules.budget import SetBudget
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.grant import RevokeGrant
from atoll.ledger.rules.job import ExpireJob, FailJob, RefuseJob, StartJob, WithdrawJob
from atoll.ledger.rules.keys import ActivateKey, CancelRecovery, RecoverKey, RevokeKey, RotateKey
from atoll.ledger.rules.leaving import LeaveMember
from atoll.ledger.rules.membership import InviteMember, SetEndpoints, newcomer_of
from atoll.ledger.rules.motion import ApproveMotion, OpenMotion, WithdrawApproval
from atoll.ledger.state import State
from atoll.ledger.transaction import Transaction, seal_transaction
from atoll.testing.consortium import FOUNDED, Organisation
from atoll.trust.keys import Purpose
from atoll.wire.message import Message
from tests.unit.rules.lagoon import (
    CUSTOMERS,
    FILES,
    GRANT,
    JOB,
    Lagoon,
    consent,
    new_key,
    permission,
    proposal,
    receipt,
    registration,
)

LAGOON = Lagoon().with_grant().consented()
BASE = LAGOON.records()
CONTEXT = Context(height=LAGOON.height, time=LAGOON.time)
GOOD = LAGOON.founding.sign("bureau", consent(job_key=b"\x31" * 32))

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.sampled_from([0, 1, 2, 2**31, 2**53, LAGOON.time]),
    st.binary(max_size=70),
    st.sampled_from([JOB, GRANT, bytes(32), b"\x0d" * 32, bytes(64)]),
    st.sampled_from(
        ["bank", "bureau", "operator", "identity", "cosign", "uses", CUSTOMERS, FILES, "bank/customers/2", "", "x"]
    ),
    st.text(st.characters(codec="ascii"), max_size=20),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["org", "vote", "x"]), inner, max_size=3),
)


def is_answered(data: bytes) -> None:
    state = State(BASE)
    outcome = apply(state, data, CONTEXT)
    if not outcome.ok:
        senders = {record_key(Nonce, org) for org in LAGOON.founding.orgs}
        assert state.changes().keys() <= senders
        assert len(state.changes()) <= 1


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_noise_is_answered(data: bytes) -> None:
    is_answered(data)


@settings(deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_transaction_with_one_changed_byte_is_refused(at: int, change: int) -> None:
    changed = bytearray(GOOD)
    changed[at] ^= change
    state = State(BASE)
    assert not apply(state, bytes(changed), CONTEXT).ok
    assert state.changes() == {}


@settings(deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=5))
def test_a_transaction_that_is_cut_or_longer_is_refused(at: int, tail: bytes) -> None:
    state = State(BASE)
    assert not apply(state, GOOD[:at] + tail, CONTEXT).ok or GOOD[:at] + tail == GOOD
    assert not tail or not apply(State(BASE), GOOD + tail, CONTEXT).ok


EXAMPLES: tuple[tuple[str, Message], ...] = (
    ("operator", InviteMember(org="x", commitment=bytes(32), roles=("owner",), validating=True, expires_at=2**40)),
    (
        "operator",
        InviteMember(
            org="y",
            commitment=bytes(32),
            roles=("auditor",),
            validating=False,
            expires_at=FOUNDED + 100,
            newcomer=newcomer_of(Organisation("y").enrolment()),
        ),
    ),
    ("bank", OpenMotion(kind=MotionKind.REMOVE, org="bureau", rules_version=0, from_height=0, expires_at=FOUNDED + 100)),
    ("bank", ApproveMotion(number=1)),
    ("bank", WithdrawApproval(number=1)),
    ("bank", LeaveMember(validating_only=True)),
    ("bank", SetEndpoints(peer="", https="")),
    ("bank", RotateKey(purpose=Purpose.COSIGN, public=new_key(Purpose.COSIGN).public.data, second=b"")),
    ("bank", RevokeKey(org="bank", purpose=Purpose.COSIGN, second=b"")),
    ("bank", RecoverKey(org="bureau", public=bytes(32), recovery=bytes(64), approvals=())),
    ("bank", CancelRecovery(org="bank", second=b"")),
    ("bank", ActivateKey(org="bank")),
    ("bank", registration("bank/customers/2")),
    ("bank", WithdrawDataset(dataset=CUSTOMERS)),
    ("bureau", permission(grant=b"\x55" * 16)),
    ("bureau", RevokeGrant(grant=GRANT)),
    ("bureau", SetBudget(name="files", unit="rows", limit=2**53)),
    ("bank", proposal(job_id=b"\x07" * 16)),
    ("bank", consent()),
    ("bureau", RefuseJob(job_id=JOB, code="policy.local")),
    ("bureau", WithdrawJob(job_id=JOB)),
    ("bank", StartJob(job_id=JOB)),
    ("bank", FailJob(job_id=JOB, code="job.died")),
    ("bank", ExpireJob(job_id=JOB)),
    ("bank", receipt()),
)
"""A transaction of each kind, most of which would be carried out."""


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(EXAMPLES), st.integers(0, 5), values, st.sampled_from(["bank", "bureau", "operator", ""]))
def test_a_signed_body_with_any_value_in_a_field_is_answered(
    example: tuple[str, Message], place: int, value: Any, other: str
) -> None:
    """A member may sign what it likes: the rules must stand whatever it says."""
    org, body = example
    fields = body.to_map()
    fields[sorted(fields)[place % len(fields)]] = value
    org, founding = other or org, LAGOON.founding
    transaction = Transaction(sender=org, nonce=2**52, expiry_height=100, type=body.TAG, body=fields)
    is_answered(
        seal_transaction(
            transaction,
            kid=f"{org}/identity/1",
            sign=founding.keys[org][Purpose.IDENTITY].sign,
            chain_id=founding.chain_id,
            genesis_digest=founding.genesis_digest,
        )
    )
