"""What a recipient takes from a lineage in a period: caps on new identifiers, jobs and rows (SECURITY 1.5, 4.9).

A small domain, such as phone numbers, can be enumerated by asking often enough with other sets. What stops it is a count that
every node keeps alike: START adds what a job may take to the tallies of its recipient, of its group and of its legal entity,
and is refused where a cap of the grant would be passed. A period is a number of UTC days that ends with the block's own, so it
moves on by a day at midnight. Amounts are upper bounds known before the job runs: what is counted afterwards could be taken
twice at the same time.

The owner's node asks the same functions before it consents (`atoll.policy.limits`), so it and START cannot judge differently.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from atoll.ledger.records import (
    MOST_DAYS,
    Cap,
    CapUnit,
    Counting,
    Dataset,
    Grant,
    JobInput,
    Member,
    Reader,
    Shown,
    Tally,
    TallyDay,
    day_in_words,
    shown_id,
    ties,
)
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import CapReached

DAY_SECONDS = 86_400
LOOK_BACK = 100
"""How many versions back an asserted number of new identifiers is added up."""


@dataclass(frozen=True, slots=True)
class Headroom:
    """One cap of a grant, as one account stands against it."""

    cap: Cap
    """The cap."""
    account: str
    """The account that is furthest along."""
    taken: int
    """What counts in the period that ends today."""
    needed: int
    """What is asked for."""
    free_on: int | None
    """First day (since 1970) on which it would fit; None if it never does."""

    @property
    def left(self) -> int:
        """What can still be taken today."""
        return max(0, self.cap.limit - self.taken)

    @property
    def fits(self) -> bool:
        """Whether there is room for what is needed."""
        return self.taken + self.needed <= self.cap.limit


def headroom(state: Reader, grant: Grant, *, rows: int, inputs: Sequence[JobInput], time: int) -> Iterator[Headroom]:
    """Every cap of the grant with the account that has least room, for one use.

    Args:
        state: where records are read.
        grant: the grant that the use rests on.
        rows: row cap of the granted input; 0, with no `inputs`, to see what is left.
        inputs: all inputs of the job; those of the grantee and its affiliates are what it could enumerate with.
        time: of the block, or the owner's own, Unix seconds.
    """
    accounts = [(one, _amounts(state, grant, one, rows, inputs, time)) for one in _accounts(state, grant)]
    for cap in grant.caps:
        rooms = [_room(state.get(Tally, account), cap, account, amounts, time) for account, amounts in accounts]
        yield min(rooms, key=lambda one: (one.left - one.needed, one.account))


def take(call: Call, grant: Grant, granted: JobInput, inputs: Sequence[JobInput]) -> None:
    """Add one use to every account of the grantee.

    Raises:
        CapReached: a cap of the grant would be passed; nothing is added then.
    """
    for one in headroom(call.state, grant, rows=granted.rows_cap, inputs=inputs, time=call.time):
        if not one.fits:
            raise CapReached(
                grant=grant.grant.hex(),
                limit=one.cap.limit,
                unit=one.cap.unit,
                days=one.cap.days,
                taken=one.taken,
                needed=one.needed,
                free=f"it fits from {day_in_words(one.free_on)} on" if one.free_on is not None else "it never fits",
            )
    for account in _accounts(call.state, grant):
        added = _amounts(call.state, grant, account, granted.rows_cap, inputs, call.time)
        tally = call.state.get(Tally, account) or Tally(account=account, owner=grant.owner, days=())
        call.state.put(_with(tally, added))
        if grant.counting is not Counting.RUNS:
            for probe in _probes(call.state, grant, inputs):
                _show(call, grant, account, probe, today=added.day)


def _accounts(state: Reader, grant: Grant) -> tuple[str, ...]:
    lineage = grant.dataset.rpartition("/")[0]
    return tuple(f"{lineage}|{tie}" for tie in ties(grant.grantee, state.get(Member, grant.grantee)))


def _probes(state: Reader, grant: Grant, inputs: Sequence[JobInput]) -> list[JobInput]:
    """What the grantee brings into the run that it gets the result of, and what organisations bring that belong to it."""
    own = set(ties(grant.grantee, state.get(Member, grant.grantee)))
    mine = [one for one in inputs if one.receiver == grant.grantee]
    return [one for one in mine if own & set(ties(one.user, state.get(Member, one.user)))]


def _amounts(state: Reader, grant: Grant, account: str, rows: int, inputs: Sequence[JobInput], time: int) -> TallyDay:
    """What one use takes from one account."""
    day = time // DAY_SECONDS
    new = sum(_count(state, grant, account, one, day)[0] for one in _probes(state, grant, inputs))
    return TallyDay(day=day, jobs=1 if rows else 0, new_identifiers=new, rows=rows)


def _count(state: Reader, grant: Grant, account: str, one: JobInput, today: int) -> tuple[int, int]:
    """How many identifiers of a set count as new, and the first day on which some of them were counted.

    A version is as old as the oldest count that it rests on: when that leaves the period, all of it counts anew.
    """
    if grant.counting is Counting.RUNS:
        return one.rows_cap, today
    since = today - max(cap.days for cap in grant.caps if cap.unit is CapUnit.NEW_IDENTIFIERS)
    lineage, _, version = one.dataset.rpartition("/")
    added = 0
    for back in range(min(LOOK_BACK, int(version)) if grant.counting is Counting.ASSERTED else 1):
        name = f"{lineage}/{int(version) - back}"
        shown = state.get(Shown, shown_id(account, name))
        if shown is not None and shown.day > since:
            return min(one.rows_cap, max(added, one.rows_cap - shown.rows)), shown.day
        dataset = state.get(Dataset, name)
        if dataset is None or dataset.asserted_new is None:
            break
        added += dataset.asserted_new
    return one.rows_cap, today


def _show(call: Call, grant: Grant, account: str, one: JobInput, *, today: int) -> None:
    """Remember that a version was counted."""
    _, day = _count(call.state, grant, account, one, today)
    old = call.state.get(Shown, shown_id(account, one.dataset))
    rows = max(one.rows_cap, old.rows) if old is not None and old.day == day else one.rows_cap
    call.state.put(Shown(account=account, dataset=one.dataset, day=day, rows=rows))


def _with(tally: Tally, added: TallyDay) -> Tally:
    """The tally with what is added; days that no cap looks back to are dropped."""
    last = tally.days[-1] if tally.days else None
    if last is not None and last.day >= added.day:  # a block's time does not go back; if it did, nothing would be forgotten
        both = TallyDay(
            day=last.day,
            jobs=last.jobs + added.jobs,
            new_identifiers=last.new_identifiers + added.new_identifiers,
            rows=last.rows + added.rows,
        )
        return replace(tally, days=(*tally.days[:-1], both))
    kept = tuple(one for one in tally.days if one.day > added.day - MOST_DAYS)
    return replace(tally, days=(*kept, added))


def _room(tally: Tally | None, cap: Cap, account: str, amounts: TallyDay, time: int) -> Headroom:
    today = time // DAY_SECONDS
    counted = [one for one in tally.days if one.day > today - cap.days] if tally else []
    taken, needed = sum(one.amount(cap.unit) for one in counted), amounts.amount(cap.unit)
    free_on, still = None, taken
    if taken + needed <= cap.limit:
        free_on = today
    elif needed <= cap.limit:
        for one in counted:
            still -= one.amount(cap.unit)
            if still + needed <= cap.limit:
                free_on = one.day + cap.days
                break
    return Headroom(cap=cap, account=account, taken=taken, needed=needed, free_on=free_on)
