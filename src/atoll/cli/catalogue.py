"""`atoll catalogue`: the datasets of all members, found by what their cards say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from atoll.api.models import CatalogueEntry
from atoll.cli.dataset import show_dataset
from atoll.cli.describing import parse_level
from atoll.cli.errors import BadArgument
from atoll.cli.files import write_new
from atoll.cli.frame import command, group
from atoll.cli.options import DatasetArgument
from atoll.cli.reply import Reply, Rows
from atoll.cli.words import listed
from atoll.client import Node
from atoll.client.catalogue import Query

app = group("Find datasets of all members by what their cards say.")
SHOWN_VALUES = 8

LevelOption = Annotated[str, typer.Option(metavar="LEVEL", help="G1 to G4, important, core.")]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is looked for; all of it must hold."""

    text: Annotated[
        str, typer.Argument(metavar="[WORDS]", help="Words that all stand in what is known of a dataset.", show_default=False)
    ] = ""
    class_: Annotated[
        list[str] | None,
        typer.Option("--class", metavar="CLASS", help="Such as personal or personal:sensitive; repeat: all of them."),
    ] = None
    semantics: Annotated[
        list[str] | None, typer.Option(help="Meaning of a column it has, such as national-id; repeat: all of them.")
    ] = None
    owner: Annotated[list[str] | None, typer.Option(help="Registered by this member; repeat: one of them.")] = None
    state: Annotated[list[str] | None, typer.Option(help="active, frozen, withdrawn, ...; repeat: one of them.")] = None
    min_level: LevelOption = "G1"
    max_level: LevelOption = "core"
    quality: Annotated[str, typer.Option(metavar="GRADE", help="A to E: graded so or better.", show_default=False)] = ""
    third_party: Annotated[bool, typer.Option("--third-party", help="The opinion of its quality is a third party's.")] = False
    matching: Annotated[
        str,
        typer.Option(
            metavar="DATASET", help="One of our own: only those that could be intersected with it.", show_default=False
        ),
    ] = ""

    def query(self) -> Query:
        """The same as the client takes it, but for the text.

        Raises:
            BadArgument: a level is none.
        """
        return Query(
            classes=self.class_ or [],
            semantics=self.semantics or [],
            owners=self.owner or [],
            states=self.state or [],
            min_level=parse_level(self.min_level),
            max_level=parse_level(self.max_level),
            quality=self.quality,
            third_party=self.third_party,
            matching=self.matching,
        )


@command(
    app,
    "search",
    'atoll catalogue search "credit" --class personal --max-level G3 --semantics national-id --quality B --home bank',
    "atoll catalogue search --matching bank/customers/1 --home bank",
)
def search(
    node: Node,
    asked: Asked,
    page: Annotated[int, typer.Option(help="Which page.", min=1)] = 1,
    limit: Annotated[int, typer.Option(help="Datasets on a page.", min=1, max=100)] = 100,
) -> Reply:
    """Datasets of all members; what is asked must all hold.

    Cards are fetched from their owners in the background and compared with their commitments on the ledger before they are
    searched. The order is explained under the list.
    """
    found = node.catalogue.search(asked.text, **asked.query(), page=page, limit=limit)
    rows = [_row(one) for one in found.entries]
    columns = ("dataset", "title", "level", "state", "quality", "rows <=", "keys", "classes")
    shown = f"{found.total} found, page {page} of {max(1, -(-found.total // limit))}; order: {found.ranking}"
    status = found.entries[0].level_text.partition(" (")[2].rstrip(")") if found.entries else ""
    notes = [shown, *([f"levels: {status}"] if status else []), *_facet_lines(found.facets)]
    return Reply(found, [Rows(columns, rows, "no datasets"), "", *notes])


@command(app, "show", "atoll catalogue show bureau/files/1 --home bank")
def show(node: Node, dataset: DatasetArgument) -> Reply:
    """One dataset with its card and the opinions of its quality."""
    return show_dataset(node, dataset)


@command(
    app,
    "export",
    "atoll catalogue export --home bank",
    "atoll catalogue export --owner bureau --out bureau.jsonld --home bank",
)
def export(
    node: Node,
    asked: Asked,
    format_: Annotated[str, typer.Option("--format", help="dcat is the only one.")] = "dcat",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to; standard output if left out.")] = None,
) -> Reply:
    """All that is found, as one DCAT 3 catalogue in JSON-LD, in the context of DSP 2025-1."""
    if format_ != "dcat":
        raise BadArgument(what=f"--format {format_}", reason="dcat is the only one")
    document: dict[str, Any] = {}
    for one in node.catalogue.export(asked.text, **asked.query()):
        document = document or one
        if document is not one:
            document.setdefault("dataset", []).extend(one.get("dataset", []))
            services = {each["@id"]: each for each in (*document.get("service", []), *one.get("service", []))}
            document["service"] = list(services.values())
    text_out = json.dumps(document, indent=2, ensure_ascii=False)
    if out is None:
        return Reply(document, [text_out])
    write_new(out, text_out.encode() + b"\n")
    return Reply(document, [f"{len(document.get('dataset', []))} datasets written to {out}"])


def _row(one: CatalogueEntry) -> tuple[str, ...]:
    level = one.level_text.partition(" (")[0]
    missing = f"(card refused: {one.card_refused})" if one.card_refused else "(card not received yet)"
    title = one.title or ("-" if one.card_verified else missing)
    quality = "-"
    if one.quality is not None:
        quality = f"{one.quality.grade} by {one.quality.evaluator}" + ("" if one.quality.third_party else " (its own)")
    keys = listed([f"{key.column} ({key.rule})" for key in one.keys])
    return (one.dataset, title, level, one.state, quality, str(one.rows_at_most or "-"), keys, listed(one.classes))


def _facet_lines(facets: dict[str, dict[str, int]]) -> list[str]:
    """The most frequent values of each kind, most frequent first."""
    lines = []
    for axis in ("class", "level", "owner", "state", "quality"):
        counts = sorted(facets.get(axis, {}).items(), key=lambda one: (-one[1], one[0]))
        if counts:
            lines.append(f"by {axis}: " + listed([f"{name} {count}" for name, count in counts[:SHOWN_VALUES]]))
    return lines
