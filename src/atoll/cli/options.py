"""Options and arguments that several commands take, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DatasetArgument = Annotated[str, typer.Argument(metavar="DATASET", help="owner/name/version, such as bank/customers/1.")]
OwnDatasetArgument = Annotated[str, typer.Argument(metavar="DATASET", help="One of this organisation's, owner/name/version.")]
TableOption = Annotated[str, typer.Option(help="Table of a SQLite file.", show_default=False)]
GrantArgument = Annotated[str, typer.Argument(metavar="GRANT", help="The grant's 32 digits.")]
GranteeOption = Annotated[str, typer.Option(metavar="ORG", help="Who may use it, and receive what comes out.")]
UsesOption = Annotated[int, typer.Option(help="How many jobs.", min=1)]
DaysOption = Annotated[int, typer.Option(help="How long it holds.", min=1, max=3650)]
LimitOption = Annotated[str, typer.Option(metavar="LIMIT/PERIOD", help="New identifiers of the grantee in a period.")]
JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="The job's 32 digits.")]
HoursOption = Annotated[int, typer.Option(help="How long it may be handed in.", min=1, max=168)]
CopyOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Where the signed copy goes. [default: FILE with a number behind]")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Show everything and propose nothing. Exit status 10 if somebody would refuse, as far as is known here.",
    ),
]
