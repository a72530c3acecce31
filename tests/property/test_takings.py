"""Random histories of STARTs against a naive book: a list of what was taken when, added up anew for each question."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.ledger.records import Cap, CapUnit, Chain, Counting, Dataset, Grant, JobInput, Tally
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import CapReached
from atoll.ledger.rules.takings import DAY_SECONDS, headroom, take
from atoll.ledger.state import State
from atoll.testing.consortium import FOUNDED
from tests.unit.rules.lagoon import GRANTED_INPUT, OWN_INPUT, Lagoon

LAGOON = Lagoon().with_grant()
ACCOUNT = "bureau/files|bank"
UNITS = tuple(CapUnit)
caps = st.tuples(*(st.tuples(st.integers(0, 60), st.integers(1, 9)) for _ in UNITS)).map(
    lambda pairs: tuple(Cap(unit=unit, limit=limit, days=days) for unit, (limit, days) in zip(UNITS, pairs, strict=True))
)
waits = st.one_of(
    st.sampled_from([0, 1, DAY_SECONDS - 1, DAY_SECONDS, DAY_SECONDS + 1]),
    st.integers(0, 12).map(lambda days: days * DAY_SECONDS),
)
steps = st.lists(st.tuples(waits, st.integers(1, 40), st.integers(1, 40), st.integers(1, 4)), min_size=1, max_size=25)
"""Seconds to wait, rows of the grant, rows of the recipient's set, version of that set."""


@dataclass
class History:
    """A grant and what was carried out under it."""

    grant: Grant
    state: State = field(default_factory=lambda: State(LAGOON.records()))
    time: int = FOUNDED // DAY_SECONDS * DAY_SECONDS
    taken: list[dict[CapUnit, int]] = field(default_factory=list)
    days: list[int] = field(default_factory=list)

    def start(self, granted_rows: int, rows: int, version: int = 1) -> bool:
        """Whether START is carried out; what it took goes into the book."""
        inputs = self.inputs(granted_rows, rows, version)
        before = self._tally()
        chain = self.state.get(Chain, "0")
        assert chain is not None
        call = Call(state=self.state, height=9, time=self.time, sender="bank", chain=chain)
        foreseen = all(one.fits for one in headroom(self.state, self.grant, rows=granted_rows, inputs=inputs, time=self.time))
        try:
            take(call, self.grant, inputs[0], inputs)
        except CapReached:
            assert not foreseen
            assert self._tally() == before
            return False
        assert foreseen
        self.state.keep()
        after = self._tally()
        self.taken.append({unit: after[unit] - before[unit] for unit in UNITS})
        self.days.append(self.time // DAY_SECONDS)
        return True

    def inputs(self, granted_rows: int, rows: int, version: int) -> tuple[JobInput, JobInput]:
        own = replace(OWN_INPUT, dataset=f"bank/customers/{version}", rows_cap=rows)
        return replace(GRANTED_INPUT, rows_cap=granted_rows), own

    def in_window(self, cap: Cap, last: int) -> int:
        """What was taken of a cap's unit in the period that ends with the day `last`."""
        pairs = zip(self.days, self.taken, strict=True)
        return sum(taken[cap.unit] for day, taken in pairs if last - cap.days < day <= last)

    def _tally(self) -> dict[CapUnit, int]:
        tally = self.state.get(Tally, ACCOUNT)
        return {unit: sum(one.amount(unit) for one in tally.days) if tally else 0 for unit in UNITS}


@settings(max_examples=80, deadline=None)
@given(caps, steps, st.sampled_from(Counting))
def test_no_period_ever_holds_more_than_its_cap(
    some: tuple[Cap, ...], history: list[tuple[int, ...]], counting: Counting
) -> None:
    book = History(replace(LAGOON.grant(), caps=some, counting=counting))
    for version in range(2, 5):
        known = LAGOON.get(Dataset, OWN_INPUT.dataset)
        book.state.put(replace(known, dataset=f"bank/customers/{version}", asserted_new=version))
        book.state.keep()
    for wait, granted_rows, rows, version in history:
        book.time += wait
        book.start(granted_rows, rows, version)
    first, last = FOUNDED // DAY_SECONDS, book.time // DAY_SECONDS
    for cap in some:
        assert all(book.in_window(cap, day) <= cap.limit for day in range(first, last + cap.days + 1))


@settings(max_examples=80, deadline=None)
@given(caps, steps)
def test_what_fits_starts_what_does_not_is_refused_and_the_day_that_is_named_is_the_first_on_which_it_fits(
    some: tuple[Cap, ...], history: list[tuple[int, ...]]
) -> None:
    book = History(replace(LAGOON.grant(), caps=some))
    for wait, granted_rows, rows, _ in history:
        book.time += wait
        today = book.time // DAY_SECONDS
        asks = {CapUnit.JOBS: 1, CapUnit.NEW_IDENTIFIERS: rows, CapUnit.ROWS: granted_rows}
        fits = all(book.in_window(cap, today) + asks[cap.unit] <= cap.limit for cap in some)
        rooms = list(
            headroom(book.state, book.grant, rows=granted_rows, inputs=book.inputs(granted_rows, rows, 1), time=book.time)
        )
        for room in rooms:
            days = range(today, today + room.cap.days + 1)
            needed = asks[room.cap.unit]
            first = next((day for day in days if book.in_window(room.cap, day) + needed <= room.cap.limit), None)
            assert room.free_on == first
        assert book.start(granted_rows, rows) is fits
