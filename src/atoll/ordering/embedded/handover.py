"""A candidate's side of a hand-over (SECURITY 3.3): it collects q ballots for one term, finds the block to go on from
(`ballots`), fetches what it lacks of it, and begins the term with one block that holds the votes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from atoll.errors import AtollError
from atoll.ledger.block import Block
from atoll.ledger.records import Nonce, current_kid
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.consensus import Handover, HandoverVote, is_good_vote
from atoll.ledger.transaction import Transaction, seal_transaction
from atoll.ordering.changes import Changes
from atoll.ordering.embedded.ballots import Ballot, Base, Departure, choose_base, mark_of_vote
from atoll.ordering.embedded.branch import Branch, departure_of
from atoll.ordering.embedded.catchup import Catchup
from atoll.ordering.embedded.leaving import need_bases
from atoll.ordering.embedded.messages import STAND, Stand, Standing, StandReply, clip
from atoll.ordering.embedded.points import Point, mark_of
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.embedded.signatory import Signatory
from atoll.ordering.embedded.voting import AGAIN_SECONDS, CALL_SECONDS, need_near
from atoll.ordering.errors import HandoverRefused
from atoll.ordering.members import Members, encode_payload, parse_payload
from atoll.ports import Clock
from atoll.trust.keys import Purpose

log = logging.getLogger("atoll.ordering")


@dataclass(frozen=True, slots=True)
class Plan:
    """How a new term is to begin."""

    ballots: list[Ballot]
    """The votes that go into its first block."""
    branch: Branch
    """Ends with the block to go on from."""
    departures: tuple[Departure, ...]
    """Proofs for votes that are passed over."""


@dataclass(slots=True)
class Candidate:
    """Takes over for one member."""

    replica: Replica
    signatory: Signatory
    catchup: Catchup
    members: Members
    clock: Clock
    others: Callable[[], list[str]]
    """Active members but this one."""
    ballots: dict[str, Ballot] = field(default_factory=dict)
    """Voter -> its latest ballot; whoever voted for a later term cosigns nothing of an earlier one."""
    _counted: Changes = field(default_factory=Changes)

    async def run(self) -> None:
        """Take over as soon as there are ballots enough for one term; ask those who voted for an earlier one again."""
        while True:
            counted = self._counted.wait(AGAIN_SECONDS if self.ballots else None)
            try:
                await self._step()
            except (AtollError, TimeoutError, OSError):
                log.exception("%s cannot take over yet", self.replica.org)
            await counted

    async def _step(self) -> None:
        in_force = self.replica.tip.after.term
        self.ballots = {org: one for org, one in self.ballots.items() if one.signed.vote.new_term > in_force}
        term = self._term()
        if self._is_enough(term):
            await self._take_over(term)
        elif len(self.ballots) >= self.replica.tip.after.quorum() or (self.ballots and self.is_sequencer):
            await self.stand(term)

    @property
    def is_sequencer(self) -> bool:
        """Whether this member orders now; it may still be voted for, in a later term."""
        return self.replica.tip.after.sequencer == self.replica.org

    def _term(self) -> int:
        """The latest term that anybody voted for, or the first after it that this member can begin; that in force without
        ballots."""
        if not self.ballots:
            return self.replica.tip.after.term
        vows, org = self.replica.vows, self.replica.org
        term, promise = max(one.signed.vote.new_term for one in self.ballots.values()), self.replica.vows.promise
        if promise is not None:
            term = max(term, promise.new_term + (promise.new_sequencer != org))
        while vows.is_begun(term):  # and given up since: a second beginning would be a second history
            term += 1
        return term

    def _of(self, term: int) -> list[Ballot]:
        """The ballots for a term of those who count, by voter."""
        counted = {one.org for one in self.replica.tip.after.counted()}
        of_term = {org: one for org, one in self.ballots.items() if one.signed.vote.new_term == term}
        return [of_term[org] for org in sorted(counted & of_term.keys())]

    # -- collecting ------------------------------------------------------------------------------------------------------------

    async def stand(self, term: int) -> Standing:
        """Ask the members that count for their votes; those that hear their sequencer well say no."""
        counted = {one.org for one in self.replica.tip.after.counted()}
        asked = [org for org in self.others() if org in counted]
        for answer in await asyncio.gather(*(self._ask(org, term) for org in asked), return_exceptions=True):
            if isinstance(answer, BaseException):
                log.info("%s stands for term %d: %s", self.replica.org, term, answer)
        return self._standing(term)

    async def _ask(self, org: str, term: int) -> None:
        payload = await self.members.call(org, STAND, encode_payload(Stand(term=term)), CALL_SECONDS)
        reply = parse_payload(org, payload, StandReply)
        if reply.ballot is None:
            raise HandoverRefused(org=self.replica.org, reason=reply.reason)
        await self.count(org, reply.ballot)

    async def on_ballot(self, org: str, payload: bytes) -> bytes:
        """`ordering.ballot`: a member votes for this one."""
        ballot = parse_payload(org, payload, Ballot)
        try:
            standing = await self.count(org, ballot)
        except AtollError as err:
            standing = Standing(term=1, votes=0, needed=1, refusal=err.code, reason=clip(str(err)))
        return encode_payload(standing)

    async def count(self, org: str, ballot: Ballot) -> Standing:
        """Take a ballot into account.

        Raises:
            HandoverRefused: it is not for this member, not of a member that counts, or not signed by it.
        """
        vote, term = ballot.signed.vote, self.replica.tip.after.term
        if vote.new_term <= term:  # sent again after the term has begun
            return self._standing(term)
        need_near(self.replica, self.replica.org, vote.new_term)
        self._need_good(org, ballot)
        before = self.ballots.get(org)
        if before is None or before.signed.vote.new_term <= vote.new_term:
            self.ballots[org] = ballot
        if before is None or before.signed.vote.new_term < vote.new_term:
            self._counted.fire()
        return self._standing(self._term())

    def _need_good(self, org: str, ballot: Ballot) -> None:
        replica, vote = self.replica, ballot.signed.vote
        tip, chain = replica.tip, replica.ledger.chain
        call = Call(state=replica.ledger.view(), height=tip.height + 1, time=tip.time, sender=replica.org, chain=chain)
        good = is_good_vote(call, ballot.signed, tip.after, vote.new_term, new_sequencer=replica.org)
        if not good or vote.org != org:
            raise HandoverRefused(org=replica.org, reason=f"the ballot of {org} does not hold")

    def _standing(self, term: int) -> Standing:
        needed = self.replica.tip.after.quorum()
        return Standing(term=term, votes=len(self._of(term)), needed=needed, refusal="", reason="")

    def _is_enough(self, term: int) -> bool:
        standing = self._standing(term)
        return term > self.replica.tip.after.term and standing.votes >= standing.needed

    # -- taking over -----------------------------------------------------------------------------------------------------------

    async def _take_over(self, term: int) -> None:
        replica = self.replica
        for ballot in self._of(term):
            if ballot.signed.vote.org != replica.org:
                await self.catchup.sync(ballot.signed.vote.org)
        if not self._is_enough(term):
            return  # somebody else's term has begun, or who counts has changed
        plan = await self._plan(self._of(term))
        log.warning("%s takes over in term %d after block %d", replica.org, term, plan.branch.tip.height)
        plan.branch.extend(self._first_block(plan.branch, term, plan.ballots), verify=replica.verdicts)
        outcome = plan.branch.tip.executed.outcomes[0] if plan.branch.tip.executed is not None else None
        if outcome is None or not outcome.ok:
            raise HandoverRefused(
                org=replica.org, reason=outcome.sentence if outcome is not None else "nothing was carried out"
            )
        dropped = await replica.take(plan.branch, departures=plan.departures, signing=True)
        self.catchup.hold_again(dropped, plan.branch.points)

    async def _plan(self, ballots: list[Ballot]) -> Plan:
        """Where to go on, by those votes that hold what they claim; any q of them are enough.

        Raises:
            HandoverRefused: there are not q such votes; more may come.
        """
        replica, consensus = self.replica, self.replica.tip.after
        found: list[Departure] = []
        branches = {one.signed.vote.org: await self._branch(one.signed.vote, found) for one in ballots}
        shown = {org: branch for org, branch in branches.items() if branch is not None}
        newest = max([replica.agreed.term, *(branch.tip.term for branch in shown.values())])
        kept = [one for one in ballots if one.signed.vote.org in shown or one.signed.vote.term < newest]
        if len(kept) < consensus.quorum():
            reason = f"{len(kept)} votes show what they claim, {consensus.quorum()} are needed"
            raise HandoverRefused(org=replica.org, reason=reason)
        trails = {org: [mark_of(point) for point in branch.points] for org, branch in shown.items()}
        agreed = mark_of(replica.agreed)
        base = choose_base(trails, agreed, quorum=consensus.quorum(), counted=len(consensus.counted()))
        begun = self._begun()
        if begun is not None and begun.term > base.mark.term:
            base = Base(mark_of(begun), ())
        await self._keep_forks(list(shown.values()))
        departures = [departure_of(org, branch, base.mark) for org, branch in shown.items()]
        branch = self._cut(shown, base)
        counted = {one.org for one in branch.tip.after.counted()}
        kept = [one for one in kept if one.signed.vote.org in counted]
        return Plan(kept, branch, (*found, *(one for one in departures if one is not None)))

    async def _branch(self, vote: HandoverVote, found: list[Departure]) -> Branch | None:
        """A voter's log from the agreed point to what it voted for, carried out here; None if it does not show that, or if a
        hand-over on it does not hold. Proofs that belong to such hand-overs are added to `found`."""
        replica, mark = self.replica, mark_of_vote(vote)
        own = [replica.points[height] for height in sorted(replica.points) if replica.agreed_height < height <= mark.height]
        tip, tree = own[-1] if own else replica.agreed, replica.ledger.log
        is_old = mark.height < replica.agreed_height and mark.size <= tree.size and tree.root(mark.size) == mark.root
        try:
            if mark_of(tip) == mark or is_old:
                replica.need_bases(tip)
                return Branch(replica.agreed, replica.ledger, own)  # to be read only: no copy of the ledger is needed
            branch, reply = await self.catchup.branch_to(vote.org, mark)
            known, height = (*replica.departures, *reply.departures), replica.agreed_height
            need_bases([branch.base, *branch.points], branch.ledger.log, known, agreed_height=height)
        except (AtollError, TimeoutError, OSError) as err:
            log.warning("%s goes on without the vote of %s: %s", replica.org, vote.org, err)
            return None
        found += reply.departures
        return branch if mark_of(branch.tip) == mark else None

    def _begun(self) -> Point | None:
        """The block that begins the term in force, unless the term is agreed anyway, or was begun where it must not."""
        replica = self.replica
        begins = (one for one in replica.points.values() if one.is_first and one.term == replica.tip.after.term)
        point = next(begins, None)
        try:
            if point is not None:
                replica.need_bases(point)
        except HandoverRefused as err:
            log.warning("%s goes on without its term: %s", replica.org, err)
            return None
        return point

    async def _keep_forks(self, branches: list[Branch]) -> None:
        """Where the old sequencer signed two histories, both signatures are kept."""
        for one in branches:
            for other in branches:
                fork = one.fork_with(other)
                if fork is not None:
                    async with self.replica.store_lock:
                        await self.replica.write_fork(fork)

    def _cut(self, branches: Mapping[str, Branch], base: Base) -> Branch:
        """A branch that ends at the base."""
        replica = self.replica
        known = replica.points.get(base.mark.height)
        if known is not None and mark_of(known) == base.mark:
            return replica.branch(known.height)
        branch = replica.branch(replica.agreed_height)
        for point in branches[base.backers[0]].points:
            if point.height <= base.mark.height:
                branch.repeat(point, verify=replica.verdicts)
        return branch

    def _first_block(self, branch: Branch, term: int, ballots: list[Ballot]) -> Block:
        org, ledger = self.replica.org, branch.ledger
        state = ledger.view()
        nonce = state.get(Nonce, org)
        body = Handover(new_term=term, votes=tuple(sorted((one.signed for one in ballots), key=lambda one: one.vote.org)))
        transaction = Transaction(
            sender=org,
            nonce=nonce.last + 1 if nonce is not None else 1,
            expiry_height=ledger.height + 1,
            type=Handover.TAG,
            body=body.to_map(),
        )
        data = seal_transaction(
            transaction,
            kid=current_kid(state, org, Purpose.IDENTITY),
            sign=self.signatory.signers.identity,
            chain_id=self.replica.chain_id,
            genesis_digest=ledger.genesis_digest,
        )
        return Block(height=ledger.height + 1, term=term, time=max(self.clock.now(), ledger.time), transactions=(data,))
