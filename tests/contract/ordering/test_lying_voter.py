"""One voter lies about what it has cosigned: the others hand over all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from atoll.ledger.rules.consensus import SignedVote
from atoll.ordering.embedded.ballots import Ballot
from atoll.ordering.embedded.voting import Voter
from atoll.testing.engines import Engines
from atoll.trust.keys import Purpose, SecretKey
from tests.contract.ordering.conftest import Play
from tests.contract.ordering.workload import check, work

ENGINES = ("embedded",)


def lying(liar: str, secret: SecretKey) -> Callable[[Voter], Ballot]:
    """As `Voter.ballot`; the liar's name a block on top of all others, which nobody has."""
    honest = Voter.ballot

    def ballot(voter: Voter) -> Ballot:
        true = honest(voter)
        if voter.replica.org != liar:
            return true
        vote = true.signed.vote
        lie = replace(vote, height=vote.height + 1, size=vote.size + 2, root=b"\x66" * 32)
        return Ballot(signed=SignedVote(vote=lie, signature=secret.sign(lie.signed_bytes())))

    return ballot


def test_a_voter_that_claims_a_block_it_cannot_show_does_not_keep_the_others_from_going_on(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(engines: Engines) -> None:
        acknowledged = await work(engines, "bank", range(3))
        monkeypatch.setattr(Voter, "ballot", lying("telecom", engines.founding.keys["telecom"][Purpose.IDENTITY]))
        engines.kill("operator")
        for org in ("telecom", "auditor", "bureau", "bank"):
            await engines[org].vote("bank")
        await engines.until(lambda: engines["bank"].is_sequencer)
        acknowledged |= await work(engines, "auditor", range(3, 5))
        await engines.start("operator")
        await check(engines, acknowledged)

    play(scenario)
