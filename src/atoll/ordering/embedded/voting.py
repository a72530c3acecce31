"""A member's side of a hand-over: it votes, keeps its word, and brings its ballot to the candidate until the term begins.

A member votes because its own operator says so (`vote`), or because a candidate asks. A candidate that asks gets the vote only
if the sequencer has been silent for long, has shown two histories, or leaves a transaction out; or if it is that sequencer,
whom some have left for a later term. Votes are never taken back: those who voted wait for a hand-over that reaches q votes. A
later vote for somebody else is therefore one in a later term.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from atoll.errors import AtollError
from atoll.ordering.embedded.ballots import Ballot
from atoll.ordering.embedded.messages import BALLOT, Stand, Standing, StandReply, clip
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.embedded.signatory import Signatory
from atoll.ordering.errors import HandoverRefused
from atoll.ordering.members import Members, encode_payload, parse_payload

log = logging.getLogger("atoll.ordering")

CALL_SECONDS = 5.0
AGAIN_SECONDS = 2.0
"""A ballot is sent again while the new term has not begun."""
MAX_TERMS_AHEAD = 1000
"""How far above the term in force a candidate may reach."""


@dataclass(slots=True)
class Voter:
    """Votes for one member."""

    replica: Replica
    signatory: Signatory
    members: Members
    others: Callable[[], list[str]]
    """Active members but this one."""
    may_vote: Callable[[], bool]
    """Whether this member leaves its sequencer on a candidate's word."""
    count_own: Callable[[str, Ballot], Awaitable[Standing]]
    """Takes this member's ballot when it stands itself."""

    async def run(self) -> None:
        """Send the ballot again while this member waits for a new term."""
        while True:
            await asyncio.sleep(AGAIN_SECONDS)
            promise = self.replica.vows.promise
            if promise is None or promise.new_term <= self.replica.tip.after.term:
                continue
            try:
                await self.deliver(promise.new_sequencer)
            except (AtollError, TimeoutError, OSError) as err:
                log.info("%s: ballot for %s: %s", self.replica.org, promise.new_sequencer, err)

    async def vote(self, candidate: str) -> Standing:
        """Vote; the promise is durable before anybody hears of it.

        Raises:
            HandoverRefused: this member does not count, or the candidate is the sequencer or no member.
            UnavailableError: the candidate is not reachable; the vote stands and is sent again.
        """
        replica = self.replica
        term, promise = replica.tip.after.term, replica.vows.promise
        is_stuck = promise is not None and promise.new_term > term  # whoever has left this term may call its sequencer back
        if (candidate == replica.tip.after.sequencer and not is_stuck) or candidate not in [*self.others(), replica.org]:
            raise HandoverRefused(org=candidate, reason="it is the sequencer already, or no active member")
        if promise is None or promise.new_term <= term or promise.new_sequencer != candidate:
            await self.signatory.vote(candidate, max(term, promise.new_term if promise is not None else 0) + 1)
        return await self.deliver(candidate)

    async def deliver(self, candidate: str) -> Standing:
        """Bring this member's ballot to its candidate; vote again for it if it stands for a later term by now."""
        while True:
            ballot = self.ballot()
            if candidate == self.replica.org:
                standing = await self.count_own(candidate, ballot)
            else:
                payload = await self.members.call(candidate, BALLOT, encode_payload(ballot), CALL_SECONDS)
                standing = parse_payload(candidate, payload, Standing)
            if standing.refusal:
                raise HandoverRefused(org=candidate, reason=standing.reason)
            if standing.term <= max(ballot.signed.vote.new_term, self.replica.tip.after.term):
                return standing
            need_near(self.replica, candidate, standing.term)
            await self.signatory.vote(candidate, standing.term)

    def ballot(self) -> Ballot:
        """The last vote."""
        signed = self.replica.vows.vote
        assert signed is not None, "there is a ballot only after a vote"
        return Ballot(signed=signed)

    async def on_stand(self, org: str, payload: bytes) -> bytes:
        """`ordering.stand`: a candidate asks."""
        stand = parse_payload(org, payload, Stand)
        promise = self.replica.vows.promise
        try:
            need_near(self.replica, org, stand.term)
            consensus = self.replica.tip.after
            promised = promise is not None and promise.new_sequencer == org and promise.new_term > consensus.term
            if not promised and org != consensus.sequencer and not self.may_vote():
                raise HandoverRefused(org=org, reason=f"{self.replica.org} hears its sequencer well")
            if promise is None or not promised or promise.new_term < stand.term:
                await self.signatory.vote(org, stand.term)
            return encode_payload(StandReply(ballot=self.ballot(), reason=""))
        except AtollError as err:
            return encode_payload(StandReply(ballot=None, reason=clip(str(err))))


def need_near(replica: Replica, org: str, term: int) -> None:
    """Raises HandoverRefused for a term so far ahead that it can only be meant to use terms up."""
    if term > replica.tip.after.term + MAX_TERMS_AHEAD:
        raise HandoverRefused(org=org, reason=f"term {term} is far away")
