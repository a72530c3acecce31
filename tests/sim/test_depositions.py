"""A compute node that lies in the malicious model: the job's failure carries what the nodes signed, and whom it concerns."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from atoll.cli.errors import BadArgument
from atoll.cli.job import describe
from atoll.cli.judging import judge
from atoll.ledger.records import current_key
from atoll.protocols.mpc import framing
from atoll.protocols.mpc.claims import Fault
from atoll.protocols.mpc.errors import ClaimForged
from atoll.protocols.mpc.rounds import Buffer, Seal, Why
from atoll.protocols.role import Role
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World
from atoll.trust.keys import Purpose
from tests.sim.computing import TRUST, asked, review
from tests.sim.flow import ended

NODES = ["bank", "bureau", "telecom"]
LIAR, VICTIM = 1, 2


def lie_about_a_coin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Node 1 tells node 2 another part of a coin than node 0 knows of."""
    honest = framing._Wire.say

    def say(self: framing._Wire, buffers: Sequence[Buffer], seal: Seal | None) -> Role[None]:
        is_coin = seal is not None and seal.signed.why is Why.COIN
        if is_coin and (self._saying.sender, self.place) == (LIAR, VICTIM):
            buffers = [bytes(16)]
        return honest(self, buffers, seal)

    monkeypatch.setattr(framing._Wire, "say", say)


def test_a_failed_verification_names_the_pair_and_shows_what_both_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lie_about_a_coin(monkeypatch)

    async def scenario() -> None:
        async with World(tmp_path, seed=57, policy=TRUST) as world:
            graph, request = await asked(world, NODES)
            request.spec["security"] = "malicious"
            review(world, graph, "bureau", "telecom")
            job = await world["bank"].services.proposals.propose(request)
            record = await ended(world, job)
            assert (record.state, record.reason) == ("failed", "mpc.coin_disputed")
            shown = world[NODES[VICTIM]].services.jobs.show(job).deposition
            assert shown is not None
            assert (shown.witness, shown.between) == ("telecom", ["bank", "bureau"])
            (found,) = shown.contradictions
            assert (found.what, found.by) == (Fault.PARTS_DIFFER, ["bank", "bureau"])
            assert [shown.claims[at].signer for at in found.claims] in (["bank", "bureau"], ["bureau", "bank"])
            assert world["operator"].services.jobs.show(job).deposition is None
            said = {}
            for org in NODES:
                told = world[org].services.jobs.show(job)
                assert told.deposition is not None
                said[org] = tmp_path / f"{org}.json"
                said[org].write_text(told.model_dump_json())
                assert "disputed" in str(describe(told))
            view = world["auditor"].base.engine.view()
            keys = [f"{org}={key.public.hex()}" for org in NODES if (key := current_key(view, org, Purpose.IDENTITY))]
            answer = judge(list(said.values()), keys)
            assert {one["by"] for one in answer.value["contradictions"]} == {"bank, bureau"}
            assert answer.value["plan"] == record.plan_digest.hex()
            assert answer.value["proved_against"] == []
            with pytest.raises(ClaimForged):
                judge([said["bank"]], [*keys[:2], keys[0].replace("bank", "telecom")])
            with pytest.raises(BadArgument):
                judge([said["bank"]], keys[:2])
            await world["bureau"].services.membership.revoke("identity")
            await asyncio.sleep(30)
            later = current_key(world["telecom"].context.view(), "bureau", Purpose.IDENTITY)
            assert later is not None
            assert later.revoked_height is not None
            assert world["telecom"].services.jobs.show(job).deposition == shown  # who is accused takes nothing back
            of_another = world["telecom"].context.store.meta(f"deposition/{job}") or b""
            digit = of_another.rindex(b'"deposition": "') + 500
            spoiled = of_another[:digit] + (b"0" if of_another[digit : digit + 1] != b"0" else b"1") + of_another[digit + 1 :]
            world["telecom"].context.store.set_meta(f"deposition/{job}", spoiled)
            told = world["telecom"].services.jobs.show(job)
            assert told.deposition is not None
            assert told.deposition.problem
            assert (told.deposition.claims, told.deposition.contradictions) == ([], [])
            assert "not verified" in str(describe(told))

    run_virtually(scenario())
