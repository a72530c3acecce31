"""A proof of logging that is asked for while its entry is yet to be published."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from atoll.ledger.tlog_proof import parse_log_proof
from atoll.node.errors import NoSuchThing
from atoll.node.ledgerproofs import PATIENCE_SECONDS, LedgerProofs
from atoll.node.tlog.assemble import PublishedLog
from atoll.node.tlog.errors import NotPublishedYet
from tests.unit.tlog.site import LOG, Site
from tests.unit.witness.home import SetClock


@pytest.fixture
async def site(clock: SetClock) -> Site:
    """Ten of twenty agreed entries are published."""
    made = Site(LOG, clock)
    made.chain.agree(10)
    await made.publisher().step()
    made.chain.agree(20)
    return made


def proofs_of(site: Site) -> LedgerProofs:
    engine = SimpleNamespace(ledger=site.chain.ledger, entries=LOG.entries)
    context: Any = SimpleNamespace(engine=engine, view=site.chain.view, clock=site.clock)
    return LedgerProofs(context, PublishedLog(site.shelf, site.publisher()))


async def test_an_entry_that_is_agreed_on_is_proved_as_soon_as_it_is_published(site: Site) -> None:
    asked = asyncio.create_task(proofs_of(site).entry("15", with_entry=True))
    await asyncio.wait({asked}, timeout=0.3)
    assert not asked.done()
    await site.publisher().step()
    proof = parse_log_proof(await asyncio.wait_for(asked, timeout=60))
    assert (proof.index, proof.checkpoint) == (15, site.shelf.need().note)


async def test_an_entry_that_does_not_come_to_be_published_is_told_from_one_that_there_is_not(site: Site) -> None:
    proofs = proofs_of(site)
    assert parse_log_proof(await proofs.entry("9", with_entry=False)).index == 9
    with pytest.raises(NoSuchThing):
        await proofs.entry("20", with_entry=False)
    asked = asyncio.create_task(proofs.entry("10", with_entry=False))
    await asyncio.sleep(0)
    site.clock.time += PATIENCE_SECONDS + 1
    with pytest.raises(NotPublishedYet, match="covers 10 entries"):
        await asyncio.wait_for(asked, timeout=60)
