"""The exporter finds what a stranger will need, wherever the ledger keeps it, and hands out nothing that it cannot prove."""

from __future__ import annotations

import pytest

from atoll.ledger import chain
from atoll.ledger.evidence import export_evidence
from atoll.ledger.evidence.errors import NotClosable, NotExportable, NothingToExport
from atoll.ledger.records import JobState
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.grant import RevokeGrant
from atoll.ledger.rules.job import RefuseJob, StartJob
from atoll.ledger.rules.keys import RevokeKey, RotateKey, change_bytes
from atoll.testing.consortium import NamedEntropy
from atoll.trust.keys import Purpose, SecretKey
from tests.unit.evidence.test_steps import enrol
from tests.unit.evidence.world import FILES, GRANT, JOB, World, unpack


def test_equal_ledgers_give_equal_bundles(world: World, bundle: bytes) -> None:
    assert world.export() == bundle
    assert World().complete().export() == bundle


def test_states_that_memory_has_lost_are_carried_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = enrol(World(), "telecom").complete()
    expected = whole.export()
    monkeypatch.setattr(chain, "HISTORY_HEIGHTS", 2)
    short = enrol(World(), "telecom").complete()
    assert short.ledger.tree_at(3) is None
    assert short.export() == expected


def test_what_is_not_agreed_is_not_exported() -> None:
    """The ledger is ahead of the newest checkpoint with a quorum: its tail does not exist yet."""
    world = World().register().propose().consent()
    agreed = world.newest
    world.start().receipts()
    world.newest = agreed
    found = world.verify(world.export())
    assert found.state is JobState.CONSENTED and found.start is None


def test_a_job_that_is_not_in_the_agreed_ledger_is_not_found(world: World) -> None:
    with pytest.raises(NothingToExport, match=f"Up to block 9, the agreed ledger holds no job {bytes(16).hex()}"):
        export_evidence(world, bytes(16))
    empty = World()
    empty.newest = empty.sign(empty.ledger.consensus)
    with pytest.raises(NothingToExport, match="Up to block 0"):
        empty.export()


def test_a_checkpoint_without_a_quorum_is_not_handed_out() -> None:
    world = World().complete()
    world.newest = world.sign(world.ledger.consensus, by={"auditor"})
    with pytest.raises(NotExportable, match="3 validating members must stand for it, and 1 do"):
        world.export()


def test_a_body_that_nobody_has_stays_closed() -> None:
    world = World().complete()
    del world.bodies["terms", GRANT.hex()]
    assert world.verify(world.export()).closed == (f"terms of grant {GRANT.hex()}",)


def test_a_misspelt_name_closes_nothing_and_is_refused(world: World) -> None:
    with pytest.raises(NotClosable, match="no part `plans` that could stay closed; it has: plan, card of bureau/files/1"):
        world.export(selective={"plan", "plans"})
    with pytest.raises(NotClosable, match="no part `start`"):
        world.export(selective={"start"})


def test_other_jobs_and_refused_transactions_are_left_out() -> None:
    world = World().complete()
    world.block(world.founding.sign("bank", RefuseJob(job_id=JOB, code="too.late")))
    assert not world.outcomes[0].ok
    names = unpack(world.export())
    assert "refusal" not in names and names["start"]


def test_many_transactions_may_share_a_block() -> None:
    world = World().register().propose()
    sign = world.founding.sign
    world.block(sign("bank", world.consent_of("bank")), sign("bureau", world.consent_of("bureau")))
    world.block(
        sign("bank", StartJob(job_id=JOB)), sign("bank", world.receipt_of("bank")), sign("bureau", world.receipt_of("bureau"))
    )
    assert all(one.ok for one in world.outcomes)
    found = world.verify(world.export())
    assert found.state is JobState.COMPLETED
    assert [one.act.index - found.start.index for one in found.receipts if found.start] == [1, 2]


# -- what was changed right after it was relied on -----------------------------------------------------------------------------


def test_a_grant_revoked_later_in_the_block_of_start_was_in_force_before_it() -> None:
    world = World().register().propose().consent()
    sign = world.founding.sign
    world.block(sign("bank", StartJob(job_id=JOB)), sign("bureau", RevokeGrant(grant=GRANT)))
    assert all(one.ok for one in world.outcomes)
    data = world.receipts().export()
    assert f"grant {GRANT.hex()} at block 6" in unpack(data)
    assert world.verify(data).state is JobState.COMPLETED


def test_a_dataset_withdrawn_later_in_the_block_of_start_was_active_before_it() -> None:
    world = World().register().propose().consent()
    sign = world.founding.sign
    world.block(sign("bank", StartJob(job_id=JOB)), sign("bureau", WithdrawDataset(dataset=FILES)))
    assert world.verify(world.receipts().export()).state is JobState.COMPLETED


def test_a_key_revoked_later_in_the_block_signed_before_it() -> None:
    world = World().register().propose().consent("bank")
    sign = world.founding.sign
    revoke = RevokeKey(org="bureau", purpose=Purpose.IDENTITY, second=b"")
    start = StartJob(job_id=JOB)
    world.block(sign("bureau", world.consent_of("bureau")), sign("bank", start), sign("bureau", revoke))
    assert all(one.ok for one in world.outcomes)
    found = world.verify(world.export())
    assert found.state is JobState.STARTED
    assert "key bureau/identity/1 at block 5" in unpack(world.export())


def test_a_key_that_was_rotated_meanwhile_still_vouches_for_what_it_signed() -> None:
    world = World().register().propose().consent()
    new = SecretKey.generate(Purpose.IDENTITY, NamedEntropy("bureau, second key"))
    digest, public = world.founding.genesis_digest, new.public.data
    second = world.founding.keys["bureau"][Purpose.RECOVERY].sign(change_bytes(digest, "bureau", "identity", 1, public))
    world.do("bureau", RotateKey(purpose=Purpose.IDENTITY, public=public, second=second))
    world.start().receipts("bank")
    world.do("bureau", world.receipt_of("bureau"), version=2, key=new)
    found = world.verify(world.export())
    assert [one.act.kid for one in found.consents] == ["bank/identity/1", "bureau/identity/1"]
    assert [one.act.kid for one in found.receipts] == ["bank/identity/1", "bureau/identity/2"]
