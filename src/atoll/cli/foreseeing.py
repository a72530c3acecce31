"""What each party would say to a job that is not proposed yet, and what of that nobody can know before it is."""

from __future__ import annotations

from collections.abc import Sequence

from atoll.api.models import DraftInfo, ForeseenInfo
from atoll.cli.deciding import ASK, deciding
from atoll.cli.reply import Fields, Reply, Rows, Shown
from atoll.cli.why import load_codes
from atoll.cli.words import listed, readable_times
from atoll.errors import JobError

UNSAID = {"permit": "nothing known here against it", "ask": "asks a person there"}
OWN = {"permit": "consents", "ask": "asks a person here"}


def describe_foreseen(foreseen: Sequence[ForeseenInfo], *, me: str) -> list[Shown]:
    """A row a party, and what the others' nodes alone know."""
    if not foreseen:
        return []
    rows = [(one.org, _would(one, me), _because(one)) for one in foreseen]
    unknown = [(one.org, "; ".join(one.unknown)) for one in foreseen if one.unknown]
    shown: list[Shown] = ["", Rows(("party", "if proposed now", "because"), rows)]
    if unknown:
        shown += ["", "Not known before their nodes are asked, and taken to be in favour:", Fields(unknown)]
    return shown


def answer_dry_run(draft: DraftInfo, shown: Sequence[Shown]) -> Reply:
    """The answer of `--dry-run`: everything that is shown, and the exit status of a refused job where somebody would refuse."""
    said = [*shown, "nothing was proposed"]
    refusing = [one for one in draft.foreseen if one.verdict == "deny"]
    if not refusing:
        return Reply(draft, said)
    code = refusing[0].code
    known = load_codes().get(code)
    sentence = f"It would be refused by {listed([one.org for one in refusing])}."
    return Reply(draft, said, exit_code=JobError.exit_code, error=sentence, hint=known.remedy if known else "", code=code)


def _would(one: ForeseenInfo, me: str) -> str:
    if one.verdict == "deny":
        return f"refuses ({one.code})"
    if one.asks_for_bid:
        return "asks a person for a bid"
    return (OWN if one.org == me else UNSAID)[one.verdict]


def _because(one: ForeseenInfo) -> str:
    row = deciding(one)
    if row is not None:
        return f"{row.constraint}: wanted {readable_times(row.wanted)}, found {readable_times(row.observed)}"
    return "; ".join(each.wanted for each in one.reasons if each.rule == ASK) or "-"
