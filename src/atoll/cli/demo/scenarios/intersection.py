"""Private intersection: the bank learns which of its customers the credit bureau knows; the bureau learns nothing of it."""

from __future__ import annotations

from typing import Any

from atoll.cli.demo.consortium import BANK, BUREAU
from atoll.cli.demo.exchange import Exchange
from atoll.cli.demo.stage import Stage
from atoll.testing import tables  # layers: world in memory

NAME = "intersection"
TITLE = "Which customers of the bank does the credit bureau know?"


def run(stage: Stage, exchange: Exchange) -> tuple[str, dict[str, Any]]:
    """Register, find, permit, propose; each node decides; the result is compared with the answer in the clear."""
    screen = stage.screen
    with screen.step("register three real tables: CSV of the bank, Parquet of the bureau, SQLite of the telecom"):
        folder = exchange.examples()
        bank, bureau, _ = (exchange.register(table, folder) for table in tables.TABLES)
        screen.note("rows are real (UCI, Yeh 2009); identifiers and phone numbers are assigned; examples/data/SOURCE.md")
    with screen.step("the bank looks into its catalogue, the bureau grants it one use for one purpose"):
        offered = exchange.find(BANK, BUREAU)
        pair = exchange.permit(bureau, bank)
        screen.note(f"{offered.dataset}: {offered.title}; card fits its commitment on the ledger")
    with screen.step("the bank proposes; both nodes decide and consent; the protocol runs over mutual TLS; both sign receipts"):
        answer = exchange.run(pair)
        expected = pair.expected()
        screen.note(answer.in_words(len(expected)))
    with screen.step("everybody asks their own node for the result"):
        readers = exchange.readers_of(answer.job.job)
        screen.note(f"handed out by the node of: {', '.join(readers)}")
    return answer.job.job, {
        "expected": len(expected),
        "found": len(answer.found),
        "equal": answer.found == expected and readers == [BANK],
        "seconds": round(answer.seconds, 3),
        "bytes": answer.job.sent_bytes + answer.job.received_bytes,
        "state": answer.job.state,
        "readers": readers,
    }
