"""Private intersection of three: the bank learns which of its customers bureau and telecom both know; they learn nothing of it.

Nobody learns either which customers only one of them knows, or how many.
"""

from __future__ import annotations

from typing import Any

from atoll.cli.demo.consortium import BANK, BUREAU, TELECOM
from atoll.cli.demo.exchange import Exchange
from atoll.cli.demo.stage import Stage
from atoll.testing import tables  # layers: world in memory

NAME = "intersection"
TITLE = "Which customers of the bank do the credit bureau and the telecom both know?"


def run(stage: Stage, exchange: Exchange) -> tuple[str | None, dict[str, Any]]:
    """Register, find, permit, propose; each node decides; the result is compared with the answer in the clear."""
    screen = stage.screen
    with screen.step("register three real tables: CSV of the bank, Parquet of the bureau, SQLite of the telecom"):
        folder = exchange.examples()
        bank, bureau, telecom = (exchange.register(table, folder) for table in tables.TABLES)
        screen.note("rows are real (UCI, Yeh 2009); identifiers and phone numbers are assigned; examples/data/SOURCE.md")
    with screen.step("the bank looks into its catalogue; bureau and telecom each grant it the use of theirs, for one purpose"):
        for owner in (BUREAU, TELECOM):
            offered = exchange.find(BANK, owner, bank)
            screen.note(f"{offered.dataset}: {offered.title}; card fits its commitment on the ledger")
        meeting = exchange.meeting(bank, bureau, telecom)
    with screen.step("the planner weighs every protocol there is"):
        screen.note(exchange.explain(meeting))
    with screen.step("the bank proposes; three nodes decide and consent; the protocol runs over mutual TLS; all sign receipts"):
        answer = exchange.run(meeting)
        expected = meeting.expected()
        screen.note(answer.in_words(len(expected)))
    with screen.step("everybody asks their own node for the result"):
        readers = exchange.readers_of(answer.job.job)
        screen.note(f"handed out by the node of: {', '.join(readers)}")
    moved = answer.job.sent_bytes + answer.job.received_bytes
    return answer.job.job, {
        "expected": len(expected),
        "found": len(answer.found),
        "equal": answer.found == expected and readers == [BANK],
        "seconds": round(answer.seconds, 3),
        "bytes": moved,
        "good": "equal",
        "seen": f"{len(answer.found)} identifiers, {len(expected)} expected, {answer.seconds:.1f} s, {moved / 1e6:.2f} MB",
        "state": answer.job.state,
        "readers": readers,
    }
