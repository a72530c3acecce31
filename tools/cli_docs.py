"""The reference of commands and of the API, written from the commands, the routes and the models.

python tools/cli_docs.py            # writes docs/reference/cli.md, api.md and openapi.json
python tools/cli_docs.py --check    # fails where the committed files differ
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from typer.main import get_command

from atoll.api import models
from atoll.api.openapi import openapi_document
from atoll.api.routes import ROUTES, Route
from atoll.api.scopes import SCOPES_BY_ROLE
from atoll.cli.main import Stub, root

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "reference"
NOTICE = "<!-- Written by tools/cli_docs.py; change the commands, routes or models instead. -->"
SHARED = ("--home", "--url", "--token", "--certificate", "--json", "--help")
"""Options that every command has, or every command for a node; explained once."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One command that does something."""

    path: str
    """As it is typed, without `atoll`."""
    command: Any
    """Its Typer command."""

    @property
    def options(self) -> set[str]:
        """Every option, as it is typed."""
        return {name for parameter in self.command.params for name in parameter.opts if name.startswith("--")}


def leaves() -> list[Leaf]:
    """Every command, in the order of the help."""
    return list(_walk("", get_command(root)))


def _walk(path: str, command: Any) -> Iterator[Leaf]:
    loaded = command.load() if isinstance(command, Stub) else command
    children = getattr(loaded, "commands", None)
    if path and (children is None or loaded.invoke_without_command):
        yield Leaf(path, loaded)
    for name, child in (children or {}).items():
        yield from _walk(f"{path} {name}".strip(), child)


# -- the commands --------------------------------------------------------------------------------------------------------------


PREFACE = """\
`atoll COMMAND --help` prints the same. Commands for a node take `--home DIR` (or `ATOLL_HOME`, or the current folder if it is
a home), or `--url URL --token TOKEN --certificate FILE` for a node anywhere; `--token @FILE` reads the token from a file.

With `--json`, a command prints exactly one JSON value on standard output, also for an error. Progress and questions go to
standard error; `--yes` answers the questions.

| exit status | |
|---|---|
| 0 | done |
| 2 | wrong usage, or something unusable was given |
| 3 | not allowed, or not confirmed |
| 4 | not found |
| 5 | not in this state |
| 6 | a ledger rule refused it |
| 7 | a peer broke the protocol |
| 8 | a proof, signature or file does not hold what it should |
| 9 | not available, or the doctor found something |
| 10 | a job ended without a result, or somebody would refuse it (`--dry-run`) |
| 70 | a fault of atoll |
| 130 | interrupted |
"""


def write_cli(commands: list[Leaf]) -> str:
    """docs/reference/cli.md."""
    groups: dict[str, list[Leaf]] = {}
    for one in commands:
        groups.setdefault(one.path.split()[0], []).append(one)
    index = [f"- {', '.join(f'[{one.path}](#{anchor(one)})' for one in group)}" for group in groups.values()]
    sections = (line for one in commands for line in _section(one))
    return "\n".join(["# Commands", "", NOTICE, "", PREFACE, *index, "", *sections])


def anchor(leaf: Leaf) -> str:
    """The heading's anchor."""
    return "atoll-" + leaf.path.replace(" ", "-")


def _section(leaf: Leaf) -> Iterator[str]:
    command = leaf.command
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and one.opts[0] not in SHARED]
    yield from (f"## atoll {leaf.path}", "", inspect.cleandoc(command.help or ""), "")
    rows = [(f"`{one.metavar or one.name.upper()}`", one.help, "" if one.required else "optional") for one in arguments]
    rows += [(f"`{_spelling(one)}`", one.help, _need(one)) for one in options]
    if rows:
        yield from ("| | | |", "|---|---|---|")
        yield from (f"| {_cell(name)} | {_cell(text or '')} | {need} |" for name, text, need in rows)
        yield ""
    shared = [name for name in SHARED[:-1] if name in leaf.options]
    if shared:
        yield from (f"Also {', '.join(f'`{name}`' for name in shared)}.", "")
    if command.epilog:
        yield from ("```text", *command.epilog.splitlines(), "```", "")


def _spelling(option: Any) -> str:
    words = " / ".join([*option.opts, *option.secondary_opts])
    if option.is_flag:
        return words
    choices = option.type_descriptor.choices if option.type_descriptor.is_choice else None
    return f"{words} {option.metavar or '|'.join(str(getattr(one, 'value', one)) for one in choices or ()) or 'VALUE'}"


def _need(option: Any) -> str:
    if option.required:
        return "required"
    default = option.default
    if default in (None, "", False) or option.multiple:
        return ""
    if option.is_flag:
        return f"default: `{option.opts[0]}`"
    return f"default: {getattr(default, 'value', default)}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


# -- the API -------------------------------------------------------------------------------------------------------------------


API_PREFACE = """\
HTTPS with the node's own certificate (`tls.der` of its home, to be pinned) and a bearer token. Identifiers travel as
lower-case hex, times as Unix seconds. Errors are problem+json (RFC 9457) with a `code` that [has a page](errors/index.md).
The same as [OpenAPI](openapi.json), which the node serves at `/v1/openapi.json`. In Python: `atoll.connect`.
"""


def write_api() -> str:
    """docs/reference/api.md."""
    words = field_words()
    kinds = sorted(openapi_document()["components"]["schemas"])
    return "\n".join(
        [
            *("# The API of a node", "", NOTICE, "", API_PREFACE),
            *("| role of a token | scopes |", "|---|---|"),
            *(f"| {role} | {', '.join(scopes)} |" for role, scopes in SCOPES_BY_ROLE.items()),
            *("", "## Routes", "", "| | scope | what | sent | comes back |", "|---|---|---|---|---|"),
            *map(_route, ROUTES),
            *("", "## Models", ""),
            *(line for name in kinds for line in _model(getattr(models, name), words)),
        ]
    )


def field_words() -> dict[str, dict[str, str]]:
    """What `atoll.api.models` says below each field, by model and field."""
    found: dict[str, dict[str, str]] = {}
    for node in _model_classes():
        pairs = zip(node.body, node.body[1:], strict=False)
        found[node.name] = {
            field.target.id: inspect.cleandoc(text.value.value).replace("\n", " ")
            for field, text in pairs
            if isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        }
    return found


def _model_classes() -> Iterator[ast.ClassDef]:
    """The classes of every file of `atoll.api.models`."""
    for path in sorted(Path(models.__path__[0]).glob("*.py")):
        yield from (node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef))


def _route(route: Route) -> str:
    query = f"?{'&'.join(f'{name}=' for name in route.query)}" if route.query else ""
    sent = _link(route.body) if route.body else ""
    path = route.path.replace(":path}", "}") + query
    return f"| `{route.method} {path}` | {route.scope} | {route.summary} | {sent} | {_answer(route.answer)} |"


def _answer(answer: Any) -> str:
    if isinstance(answer, str):
        return f"`{answer}`"
    return f"list of {_link(get_args(answer)[0])}" if get_origin(answer) is list else _link(answer)


def _link(kind: type) -> str:
    return f"[{kind.__name__}](#{kind.__name__.lower()})"


def _model(kind: type[models.Model], words: dict[str, dict[str, str]]) -> Iterator[str]:
    yield from (f"### {kind.__name__}", "")
    if kind.__dict__.get("__doc__"):
        yield from (inspect.cleandoc(kind.__doc__ or ""), "")
    yield from ("| field | type | |", "|---|---|---|")
    said = words.get(kind.__mro__[1].__name__, {}) | words[kind.__name__]
    for name, field in kind.model_fields.items():
        text = " ".join(filter(None, (said.get(name, ""), "" if field.is_required() else "Can be left out.")))
        yield f"| `{name}` | {_type(field.annotation)} | {_cell(text)} |"
    yield ""


def _type(annotation: Any) -> str:
    parts = get_args(annotation)
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{one}`" for one in parts)
    if get_origin(annotation) in (list, dict):
        return f"{'list' if len(parts) == 1 else 'map'} of {_type(parts[-1])}"
    if parts:
        return " or ".join(map(_type, parts))
    if isinstance(annotation, type) and issubclass(annotation, models.Model):
        return _link(annotation)
    return {"str": "text", "NoneType": "null", "int": "number", "float": "number", "bool": "true or false"}.get(
        getattr(annotation, "__name__", ""), "anything"
    )


# -- files ---------------------------------------------------------------------------------------------------------------------


def write_files() -> dict[str, str]:
    """File name -> text."""
    return {
        "cli.md": write_cli(leaves()),
        "api.md": write_api(),
        "openapi.json": json.dumps(openapi_document(), indent=1, sort_keys=True) + "\n",
    }


def check_files(files: dict[str, str], folder: Path) -> Iterator[str]:
    """Where the folder is not what the code says."""
    for name, text in files.items():
        path = folder / name
        if not path.is_file() or path.read_text() != text:
            yield f"{folder.name}/{name}: out of date; run `make docs`"


def main(arguments: list[str]) -> int:
    files = write_files()
    findings = list(check_files(files, FOLDER)) if "--check" in arguments else []
    if "--check" not in arguments:
        for name, text in files.items():
            (FOLDER / name).write_text(text)
    print("\n".join(findings) or f"{len(leaves())} commands and {len(ROUTES)} routes are described")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
