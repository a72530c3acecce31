"""One run of one party, from the call of `run_role` to its end; `runner` tells the whole story."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, TypeVar

from atoll.errors import AtollError
from atoll.ports import Entropy
from atoll.protocols.role import Checkpoint, Party, Progress, Receive
from atoll.transport.conversation import Conversation
from atoll.transport.errors import (
    AttemptInterrupted,
    DeadlinePassed,
    JobAborted,
    LinkLost,
    NotReplayable,
    ResumeGap,
    RoleFailed,
    RunnerBroken,
    StreamEnded,
    TooManyResumes,
    TrafficExceeded,
    TranscriptMismatch,
)
from atoll.transport.faults import describe_fault, public_code, public_sentence
from atoll.transport.frames import Kind
from atoll.transport.gathering import Gathering, Pauses
from atoll.transport.journal import Journal, Saved
from atoll.transport.meeting import Opener
from atoll.transport.options import Report, RoleFactory, RunOptions
from atoll.transport.runner_messages import Abort, Held, Mark, Over, Resume, Start
from atoll.transport.stepping import Burst, Returned, Stepper
from atoll.transport.transcript import START_MARK, Transcript, recall
from atoll.wire.message import encode_message

Output = TypeVar("Output")

log = logging.getLogger("atoll.transport")

SEED_BYTES = 32
BEGUN = b""
"""Kept in place of the seed of an attempt that cannot be resumed: it has begun, so it never begins again."""
FAREWELL_SECONDS = 3.0
"""How long a party tries to tell the others that, and why, the job is over."""
QUICK_SECONDS = 0.001
"""In a run of many short rounds, as those that are not resumed are, a step that follows one that took less than this runs on
the loop: entering a thread takes a good part of it."""
TAKEN_BYTES = 4 << 20
"""About how much of what a party has said is handed to the role's thread at once."""


class Run(Generic[Output]):
    """What one party knows while it runs."""

    def __init__(
        self,
        factory: RoleFactory[Output],
        me: Party,
        peers: Mapping[Party, Opener],
        journal: Journal[Output],
        deadline: float,
        options: RunOptions,
    ) -> None:
        self._factory = factory
        self._me = me
        self._peers = peers
        self._journal = journal
        self._deadline = deadline
        self._options = options
        self._seed = b""
        self._number = 0
        self._held: dict[int, Saved] = {}
        self._transcripts = {party: Transcript(digested=options.digested) for party in peers}
        self._gathering = self._gather()
        self._working: asyncio.Future[Any] | None = None
        self._doing = "beginning"
        self._has_begun = False
        self._all_finished = False
        self._resumes = 0
        self._spoken = 0
        self._sent = 0
        self._received = 0
        self._reconnects = 0

    async def run(self, entropy: Entropy) -> Report[Output]:
        """Everything, to the deadline; every party is told how it ended."""
        started = asyncio.get_running_loop().time()
        clock = asyncio.timeout_at(self._deadline)
        try:
            async with clock:
                await self._load_seed(entropy)
                await self._gather_until_finished()
                output = await self._apart(self._journal.load_output)
        except TimeoutError as err:
            if not clock.expired():
                raise
            late = DeadlinePassed(waiting=self._describe_wait())
            await self._say_why(late, reach=False)
            raise late from err
        except asyncio.CancelledError:
            await self._say_why(self._options.why_stopped(), reach=False)
            raise
        except AtollError as err:
            await self._say_why(err, reach=not isinstance(err, JobAborted))
            raise
        except Exception as err:
            log.warning("the run failed: %s", describe_fault(err))
            await self._say_why(RoleFailed(), reach=True)
            raise RoleFailed() from err
        return Report(
            output=output,
            sent_bytes=self._sent,
            received_bytes=self._received,
            seconds=asyncio.get_running_loop().time() - started,
            checkpoints=self._number,
            reconnects=self._reconnects,
            marks={party: transcript.mark() for party, transcript in self._transcripts.items()},
        )

    async def _load_seed(self, entropy: Entropy) -> None:
        seed = await self._apart(self._journal.load_seed)
        if seed is None:
            seed = entropy.bytes(SEED_BYTES)
            if self._options.resumable:
                await self._apart(self._journal.save_seed, seed)
        elif seed == BEGUN and not await self._apart(self._journal.is_finished):
            raise AttemptInterrupted(how="this node's process ended")
        self._seed = seed

    # -- gathering ------------------------------------------------------------------------------------------------------------

    async def _gather_until_finished(self) -> None:
        """Gather, talk, and gather again whenever a link is lost, until everybody has finished."""
        pauses = Pauses()
        while True:
            self._held = {saved.number: saved for saved in await self._apart(self._journal.load_checkpoints)}
            if not self._reconnects:  # later this process remembers by itself
                for number in self._candidates():
                    recall(self._transcripts, number, await self._apart(self._journal.load_notes, number))
            self._gathering = self._gather()
            try:
                await self._gathering.hold(self._drive())
                await self._scatter()
                return
            except (LinkLost, StreamEnded) as lost:
                if self._has_begun and not await self._apart(self._journal.is_finished):
                    raise AttemptInterrupted(how="a link was lost") from lost
                untold = [party for party in self._peers if not self._knows(party)]
                await self._scatter()
            if self._all_finished:
                await self._tell(untold, encode_message(Over()), reach=True)
                return
            self._reconnects += 1
            self._resumes += 1
            if self._resumes > self._options.resumes_per_checkpoint:
                raise TooManyResumes(resumes=self._options.resumes_per_checkpoint, number=self._number)
            await pauses.wait()

    def _gather(self) -> Gathering:
        return Gathering(self._peers, buffer_bytes=self._options.buffer_bytes, greet=self._greet)

    def _greet(self, talk: Conversation) -> None:
        held = self._candidates().items()
        talk.tell(Resume(held=tuple(Held(number=number, mark=marks[talk.party]) for number, marks in held)))

    def _knows(self, party: Party) -> bool:
        """Whether a party is known to know that everybody has finished."""
        talk = self._gathering.talks.get(party)
        return talk is not None and talk.is_over

    async def _scatter(self) -> None:
        """End all sessions, and wait until the role's thread is done with what it was doing."""
        await self._gathering.close()
        self._sent += self._gathering.sent_bytes
        self._received += self._gathering.received_bytes
        if self._working is not None and not self._working.done():
            await asyncio.wait({self._working})

    # -- talking --------------------------------------------------------------------------------------------------------------

    async def _drive(self) -> None:
        """One try, from the first word to the last."""
        gathering = self._gathering
        if not await self._everybody_comes():
            return
        if not gathering.is_over:
            await self._play_and_finish(await self._agree())
        elif not await self._apart(self._journal.is_finished):
            party = next(party for party, talk in gathering.talks.items() if talk.is_over)
            raise RunnerBroken(party=str(party), problem="it says that everybody has finished, and this party has not")
        self._all_finished = True
        for talk in gathering.talks.values():
            talk.tell(Over())
            await talk.flush()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await gathering.until(lambda: all(talk.is_over for talk in gathering.talks.values()))

    async def _everybody_comes(self) -> bool:
        """Wait for all others. False if this party is finished and somebody stays away: it has waited long enough."""
        self._doing = "waiting for the others to connect"
        limit = self._options.linger_seconds if await self._apart(self._journal.is_finished) else None
        clock = asyncio.timeout(limit)
        try:
            async with clock:
                await self._gathering.until(lambda: self._gathering.is_complete or self._gathering.is_over)
        except TimeoutError:
            if not clock.expired():
                raise
            return False
        return True

    async def _agree(self) -> int:
        """Find the latest checkpoint that all hold, with equal transcripts on both sides of each conversation; stand there."""
        self._doing = "agreeing on where to go on from"
        gathering, here = self._gathering, self._candidates()
        gathering.commit()
        there = {party: _held_by(talk) for party, talk in gathering.talks.items()}
        number = min([max(here), *(max(held) for held in there.values())])
        for party, held in there.items():
            if number not in here or number not in held:
                raise ResumeGap(party=str(party), found=max(held), held=max(here))
            if here[number][party] != held[number].mirrored():
                raise TranscriptMismatch(party=str(party), number=number)
        for party, talk in gathering.talks.items():
            self._transcripts[party].start(number, here[number][party])
            talk.go_on_from(number)
            talk.tell(Start(number=number))
        await gathering.until(lambda: all(talk.start is not None for talk in gathering.talks.values()))
        for party, talk in gathering.talks.items():
            if talk.start != Start(number=number):
                raise TranscriptMismatch(party=str(party), number=number)
        return number

    def _candidates(self) -> dict[int, Mapping[Party, Mark]]:
        """Where this party can go on from: the last two checkpoints held, oldest first; the start counts as one."""
        held: dict[int, Mapping[Party, Mark]] = {0: dict.fromkeys(self._peers, START_MARK)}
        held.update((number, saved.marks) for number, saved in sorted(self._held.items()))
        return dict(list(held.items())[-2:])

    async def _play_and_finish(self, number: int) -> None:
        self._number = number
        finished = await self._apart(self._journal.is_finished)
        if self._options.resumable or not finished:  # another party may have to hear it all again
            output = await self._play_role(number)
            if not finished:
                await self._apart(self._journal.save_output, output)
        gathering = self._gathering
        for party, talk in gathering.talks.items():
            talk.tell_finished(self._transcripts[party].mark())
        self._doing = "waiting for the others to finish"
        await gathering.until(lambda: gathering.is_over or all(talk.is_finished for talk in gathering.talks.values()))

    async def _play_role(self, number: int) -> Output:
        if not self._options.resumable:
            await self._apart(self._journal.save_seed, BEGUN)
            self._has_begun = True
        saved = self._held.get(number)
        role = await self._apart(self._factory, self._seed, saved.state if saved is not None else None)
        note = self._journal.add_notes if self._options.resumable else None
        stepper = Stepper(role, self._transcripts, note=note)
        try:
            return await self._play(stepper)
        finally:
            if self._working is None or self._working.done():
                stepper.close()

    async def _play(self, stepper: Stepper) -> Output:
        pace = QUICK_SECONDS
        while True:
            self._doing = "computing"
            quick = pace < QUICK_SECONDS and not self._options.resumable
            burst: Burst = stepper.advance(self._number) if quick else await self._apart(stepper.advance, self._number)
            pace = burst.seconds
            for party, sent in burst.sends:
                self._doing = f"sending to {party}"
                self._spoken += len(sent.data)
                if self._spoken > self._options.traffic_bytes:
                    raise TrafficExceeded(limit=self._options.traffic_bytes)
                await self._gathering.talks[party].put(sent)
            stop = burst.stop
            if isinstance(stop, Receive):
                self._doing = f"waiting for {stop.kind.__name__} from {stop.sender}"
                await self._gathering.talks[stop.sender].wait()
                for party, talk in self._gathering.talks.items():
                    if not stepper.holds(party):
                        stepper.hear(party, talk.take(TAKEN_BYTES))
            elif isinstance(stop, Checkpoint) and self._options.resumable:
                await self._checkpoint(stop.state)
            elif isinstance(stop, Progress):
                out, back = self._gathering.traffic()
                self._options.on_progress(stop, self._sent + out, self._received + back)
            elif isinstance(stop, Returned):
                output: Output = stop.output
                return output

    async def _checkpoint(self, state: bytes) -> None:
        number = self._number + 1
        talks = self._gathering.talks
        self._doing = f"waiting for the others to pass checkpoint {number - 1}"
        await self._gathering.until(lambda: all(talk.number >= number - 1 for talk in talks.values()))
        saved = Saved(number=number, state=state, marks={party: one.mark() for party, one in self._transcripts.items()})
        before = self._held.get(number)
        if before is None:
            await self._apart(self._journal.save_checkpoint, saved)
            self._held[number] = saved
            self._resumes = 0
        else:
            _verify_repeated(before, saved)
        self._held = {one: kept for one, kept in self._held.items() if one >= number - 1}
        self._number = number
        for party, talk in talks.items():
            self._transcripts[party].start(number, saved.marks[party])
            self._transcripts[party].forget(number - 1)
            talk.tell_passed(number, saved.marks[party])

    # -- ending early ---------------------------------------------------------------------------------------------------------

    async def _say_why(self, error: AtollError, *, reach: bool) -> None:
        """Tell the others why the job is over: all that are connected; if `reach`, also those that come within a moment."""
        await self._gathering.stop()
        origin, code, sentence = self._me, public_code(error), public_sentence(error)
        if isinstance(error, JobAborted):
            role, _, index = error.party.partition("/")
            origin, code, sentence = Party(role, int(index)), error.remote_code, error.remote_sentence
        message = Abort(role=origin.role, index=origin.index, code=code, sentence=sentence)
        await self._tell(self._peers, encode_message(message), reach=reach)

    async def _tell(self, parties: Collection[Party], message: bytes, *, reach: bool) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                last_words = (self._tell_one(party, message, reach=reach) for party in parties)
                await asyncio.gather(*last_words, return_exceptions=True)
        await self._gathering.close()

    async def _tell_one(self, party: Party, message: bytes, *, reach: bool) -> None:
        talk = self._gathering.talks.get(party)
        if talk is not None and not talk.session.is_closed:
            await talk.session.send(Kind.RUNNER, message)
        elif reach:
            session = await self._peers[party]()
            await session.send(Kind.RUNNER, message)
            await session.close()

    # -- small things ---------------------------------------------------------------------------------------------------------

    def _describe_wait(self) -> str:
        """What this party was doing, for the error that says it was too late."""
        away = [f"{party} ({code or 'never came'})" for party, code in self._gathering.out_of_reach.items()]
        return f"{self._doing}: {', '.join(away)}" if away else self._doing

    async def _apart(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do something slow beside the loop, so that the sockets keep moving."""
        if not self._options.threads:
            return work(*arguments)
        self._working = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
        return await asyncio.shield(self._working)


def _held_by(talk: Conversation) -> dict[int, Mark]:
    return {held.number: held.mark for held in talk.resume.held} if talk.resume is not None else {}


def _verify_repeated(before: Saved, now: Saved) -> None:
    """A checkpoint reached a second time must stand at the same place.

    Raises:
        NotReplayable: this party said something else than the first time.
        TranscriptMismatch: another party did.
    """
    for party, mark in now.marks.items():
        known = before.marks[party]
        if (known.sent_packets, known.sent_digest) != (mark.sent_packets, mark.sent_digest):
            raise NotReplayable(party=str(party), number=before.number)
        if known != mark:
            raise TranscriptMismatch(party=str(party), number=before.number)
