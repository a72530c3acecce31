"""What a peer waits for leaves before a side sits down to something long."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from atoll.protocols.psi_rr22 import FAST, LOW_COMMUNICATION, MALICIOUS, SEMI_HONEST, receiver, sender
from atoll.protocols.pump import pump
from atoll.protocols.role import Flush, Progress, Role, Send
from tests.unit.dh.runs import RECEIVER, SENDER, items, seat, small_buckets

__all__ = ["small_buckets"]

LONG = {"encode", "evaluate", "expand", "mask", "receive_masked", "match_sorted_tags"}
"""What takes a good part of a bucket's time."""


class Clerk:
    """Notes the long steps of a role, and those that it took while something that it had said was not let go."""

    def __init__(self) -> None:
        self.waiting = 0
        self.kept: list[str] = []
        self.steps: list[str] = []

    def watch(self, role: Role[Any]) -> Role[Any]:
        answer = None
        while True:
            try:
                step = role.send(answer)
            except StopIteration as end:
                return end.value
            if isinstance(step, Send):
                self.waiting += 1
            elif isinstance(step, Flush | Progress):
                self.waiting = 0
            answer = yield step

    def stand_in(self, kind: Any) -> Any:
        """A class or function of the core that tells of its long steps."""

        class Told:
            def __init__(self, *arguments: Any, **options: Any) -> None:
                self._inner = kind(*arguments, **options)

            def __getattr__(inner, name: str) -> Any:  # noqa: N805 - `self` is the clerk
                self.note(name)
                return getattr(inner._inner, name)

        return Told

    def note(self, name: str) -> None:
        if name in LONG:
            self.steps.append(name)
            if self.waiting:
                self.kept.append(name)


@pytest.mark.usefixtures("small_buckets")
@pytest.mark.parametrize(("mode", "variant"), [(SEMI_HONEST, FAST), (SEMI_HONEST, LOW_COMMUNICATION), (MALICIOUS, FAST)])
def test_nobody_keeps_a_word_back_through_a_long_step(mode: str, variant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = Clerk(), Clerk()
    here, there = (sys.modules[f"atoll.protocols.psi_rr22.{side}"] for side in ("receiver", "sender"))
    match = here.match_sorted_tags

    def matched(*what: Any) -> bytes:
        ours.note("match_sorted_tags")
        found: bytes = match(*what)
        return found

    monkeypatch.setattr(here, "OprfReceiver", ours.stand_in(here.OprfReceiver))
    monkeypatch.setattr(there, "OprfSender", theirs.stand_in(there.OprfSender))
    monkeypatch.setattr(here, "match_sorted_tags", matched)
    form: dict[str, Any] = {"mode": mode, "variant": variant}
    pump(
        {
            RECEIVER: ours.watch(receiver(items(*range(30)), **seat(RECEIVER, **form))),
            SENDER: theirs.watch(sender(items(*range(20, 60)), **seat(SENDER, **form))),
        }
    )
    assert (len(ours.steps), len(theirs.steps)) == (25, 15)  # of five buckets
    assert (ours.kept, theirs.kept) == ([], [])
    if mode == SEMI_HONEST:  # all but the last bucket's store is masked before the sender could be waiting for it
        assert ours.steps[4:9] == ["encode", "expand", "mask", "match_sorted_tags", "evaluate"]
