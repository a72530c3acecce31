"""`atoll`: the commands by name. Each is loaded when it is called, so that `atoll --version` and `atoll --help` are quick."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer.core import TyperCommand
from typer.main import get_command

from atoll.cli.frame import Group
from atoll.cli.screen import complain, print_json
from atoll.errors import AtollError
from atoll.version import VERSION

DEBUG_VARIABLE = "ATOLL_DEBUG"
USAGE_STATUS = 2
INTERRUPTED_STATUS = 130
REFUSED_BY_A_RULE = "ledger.refused"
UNEXPLAINED = ("cli.usage", "cli.interrupted", "cli.internal")
"""Codes for programs alone: what is said with them says it all."""
INTERNAL_STATUS = 70
"""sysexits.h: internal software error."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a command is found, and what the list of commands says of it."""

    name: str
    module: str
    help: str


SLOTS = (
    Slot("demo", "atoll.cli.demo.command", "Run five organisations, one job, and attacks on it."),
    Slot("init", "atoll.cli.init", "Make the home of a new node."),
    Slot("doctor", "atoll.cli.doctor", "Say what is wrong with a node, and what to do."),
    Slot("config", "atoll.cli.config", "Check a node's configuration."),
    Slot("consortium", "atoll.cli.consortium", "Found or join a consortium; see who is in it."),
    Slot("key", "atoll.cli.key", "Replace or revoke keys; register persons who approve."),
    Slot("node", "atoll.cli.node", "Start, stop and look at a node."),
    Slot("dataset", "atoll.cli.dataset", "Register, find and withdraw datasets."),
    Slot("duplicate", "atoll.cli.duplicate", "Check for duplicates across consortia."),
    Slot("catalogue", "atoll.cli.catalogue", "Find datasets of all members by what their cards say."),
    Slot("grade", "atoll.cli.grade", "Grade data: what detectors find, what people decide."),
    Slot("quality", "atoll.cli.quality", "Measure datasets, report on them, check reports."),
    Slot("grant", "atoll.cli.grant", "Permit uses of datasets, and take permissions back."),
    Slot("right", "atoll.cli.right", "Give, lease, pass on and end rights; prove who holds what."),
    Slot("budget", "atoll.cli.budget", "Cap uses of a dataset, and see what is left."),
    Slot("order", "atoll.cli.order", "Freeze and recall, by two persons of a regulator."),
    Slot("policy", "atoll.cli.policy", "Check and explain terms; consent in advance."),
    Slot("job", "atoll.cli.job", "Propose, consent to, watch and end jobs."),
    Slot("auction", "atoll.cli.auction", "Sealed bids: open an auction, bid, see how it stands."),
    Slot("program", "atoll.cli.program", "Write, read and review programs on secret shares."),
    Slot("ledger", "atoll.cli.ledger", "Read and verify the ledger."),
    Slot("witness", "atoll.cli.witness", "Witness logs: cosign checkpoints, keep contradictions."),
    Slot("evidence", "atoll.cli.evidence", "Export evidence of a job, or verify it offline."),
    Slot("why", "atoll.cli.why", "Explain an error code, or the state of a job."),
)
"""Every command, in the order of the help."""


class Stub(TyperCommand):
    """A command that is not loaded yet."""

    def __init__(self, slot: Slot) -> None:
        super().__init__(slot.name, help=slot.help, rich_markup_mode=None)
        self.slot = slot

    def load(self) -> Any:
        """The command itself."""
        module = importlib.import_module(self.slot.module)
        app = getattr(module, "app", None)
        if app is None:  # a module that holds one plain function, named as the command
            app = typer.Typer(add_completion=False, rich_markup_mode=None)
            app.command(self.slot.name)(getattr(module, self.slot.name))
        loaded = get_command(app)
        loaded.name = self.slot.name
        return loaded


class Shelf(Group):
    """The commands of SLOTS, loaded when they are called."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs)
        for slot in SLOTS:
            self.add_command(Stub(slot))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command itself in the place of its stub."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, found.load() if isinstance(found, Stub) else found, rest


root = typer.Typer(cls=Shelf, add_completion=False, rich_markup_mode=None)


def _print_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"atoll {VERSION}\n")
        raise typer.Exit()


@root.callback()
def atoll(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Put data to work together without giving it away; keep a record of it that an outsider can check."""


def run() -> None:
    """Entry point of the script `atoll`."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Carry out one command; its exit status. The outermost loop: whatever was not caught below is caught here."""
    try:
        result = get_command(root).main(list(arguments), prog_name="atoll", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Exception, KeyboardInterrupt) as err:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        trouble = explain(err)
        if "--json" in arguments:
            rule = {"rule": trouble.rule} if trouble.rule else {}
            print_json({"error": {"code": trouble.code, "message": trouble.message, "hint": trouble.hint, **rule}})
        complain(trouble.message, trouble.hint, trouble.explained)
        return trouble.status


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a person is told about an exception."""

    code: str
    message: str
    hint: str
    status: int
    rule: str = ""
    """The code of the ledger's rule that refused, where one did."""

    @property
    def explained(self) -> str:
        """The code that `atoll why` has most to say about; empty where it knows none."""
        return "" if self.code in UNEXPLAINED else self.rule or self.code


def _usage(said: str) -> str:
    """What the parser of options says, in words for whoever typed them.

    >>> _usage("Invalid value for 'N': Input should be a valid integer, unable to parse string as an integer")
    "Invalid value for 'N': it is no whole number"
    """
    return (
        said.replace("Value error, ", "")
        .replace("Input should be a valid integer, unable to parse string as an integer", "it is no whole number")
        .replace("Input should be a valid number, unable to parse string as a number", "it is no number")
    )


def explain(err: BaseException) -> Trouble:
    """An exception in words. One that nobody foresaw gives its type alone: its text could hold anything."""
    match err:
        case AtollError():
            rule = str(getattr(err, "rule", "")) if err.code == REFUSED_BY_A_RULE else ""
            return Trouble(err.code, str(err), err.remedy, err.exit_code, rule)
        case typer.TyperException():
            where = getattr(getattr(err, "ctx", None), "command_path", "atoll")
            return Trouble("cli.usage", _usage(err.format_message()), f"`{where} --help` shows what it takes.", USAGE_STATUS)
        case typer.Abort() | KeyboardInterrupt():
            return Trouble("cli.interrupted", "Interrupted.", "", INTERRUPTED_STATUS)
    hint = f"This is a fault of atoll. {DEBUG_VARIABLE}=1 shows where it happened."
    return Trouble("cli.internal", f"Unexpected {type(err).__name__}.", hint, INTERNAL_STATUS)
