"""What every command shares: how a node is named, `--json`, examples in its help.

    app = group("Find datasets.")

    @command(app, "list", "atoll dataset list --home bank")
    def list_datasets(node: Node) -> Reply:
        '''All members' datasets.'''
        found = node.datasets.list()
        return Reply(found, [Rows(("dataset", "state"), [(one.dataset, one.state) for one in found])])

A parameter that is a `Node` becomes the options that say which node, and arrives connected; one that is a `HomeFolder` becomes
--home. One that is a dataclass becomes an option for each of its fields, so that commands can share a set of them. What the
function returns is printed, as JSON or for people.
"""

from __future__ import annotations

import inspect
import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NewType, TypeVar, get_args

import typer
from typer.core import TyperCommand, TyperGroup
from typer.models import OptionInfo

from atoll.cli.reply import Reply
from atoll.cli.screen import show

if TYPE_CHECKING:
    from atoll.client import Node

HomeFolder = NewType("HomeFolder", Path)
"""The home folder of a node on this machine."""
F = TypeVar("F", bound=Callable[..., Reply])

HOME_VARIABLE = "ATOLL_HOME"
WHOLE_SENTENCE = 400
"""Characters that the first sentence of a help may have in a list of commands."""
_NAMED: ContextVar[str] = ContextVar("node_as_named", default="")
HomeOption = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help=f"Home of a node on this machine [{HOME_VARIABLE}; or the current folder]."),
]
UrlOption = Annotated[str | None, typer.Option("--url", metavar="URL", envvar="ATOLL_URL", help="Address of any node's API.")]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="TOKEN",
        envvar="ATOLL_TOKEN",
        help="Bearer token for --url; @FILE reads it from a file.",
        show_default=False,
    ),
]
CertificateOption = Annotated[
    Path | None, typer.Option("--certificate", metavar="FILE", help="The certificate of the node at --url (its tls.der).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON value and nothing else.")]


class Command(TyperCommand):
    """A command whose epilog is its examples, one a line."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """`DATASET` for what must be there, `[DATASET]` for what may."""
        return [one.replace("{", "").replace("}", "") for one in super().collect_usage_pieces(ctx)]

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the interface's
        """Write the examples as they are typed."""
        _write_examples(formatter, self.epilog)

    def get_short_help_str(self, limit: int = WHOLE_SENTENCE) -> str:
        """The first sentence, whole: a narrow terminal gets it on two lines."""
        return super().get_short_help_str(max(limit, WHOLE_SENTENCE))


class Group(TyperGroup):
    """A group of commands that shows its help when it is called alone; its epilog is its examples."""

    def get_short_help_str(self, limit: int = WHOLE_SENTENCE) -> str:
        """The first sentence, whole, as of a command."""
        return super().get_short_help_str(max(limit, WHOLE_SENTENCE))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As given, or --help."""
        return super().parse_args(ctx, args or ["--help"])

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the interface's
        """Write the examples as they are typed."""
        _write_examples(formatter, self.epilog)


def _write_examples(formatter: Any, examples: str | None) -> None:
    if examples:
        with formatter.section("Examples"):
            for line in examples.splitlines():
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


def group(help_text: str) -> typer.Typer:
    """A group of commands."""
    app = typer.Typer(cls=Group, help=help_text, add_completion=False, rich_markup_mode=None)
    app.callback()(_nothing)
    return app


def single() -> typer.Typer:
    """The place for a command that stands alone."""
    return typer.Typer(add_completion=False, rich_markup_mode=None)


def command(app: typer.Typer, name: str, *examples: str) -> Callable[[F], F]:
    """Make a function a command of `app`; its docstring is the help, its parameters the options."""

    def register(function: F) -> F:
        app.command(name, cls=Command, epilog="\n".join(examples))(prepare(function))
        return function

    return register


def prepare(function: Callable[..., Reply]) -> Callable[..., int]:
    """The function as Typer calls it: with the shared options, printing what it returns, returning the exit status."""
    parameters = list(inspect.signature(function, eval_str=True).parameters.values())
    node_name = next((one.name for one in parameters if getattr(one.annotation, "__qualname__", "") == "Node"), None)
    home_name = next((one.name for one in parameters if one.annotation is HomeFolder), None)
    has_json = any(one.name == "as_json" for one in parameters)
    sets = {one.name: one.annotation for one in parameters if isinstance(one.annotation, type) and is_dataclass(one.annotation)}
    shared: dict[str, tuple[Any, Any]] = {}
    if node_name or home_name:
        shared["home"] = (HomeOption, None)
    if node_name:
        shared |= {"url": (UrlOption, None), "token": (TokenOption, None), "certificate": (CertificateOption, None)}
    if not has_json:
        shared["as_json"] = (JsonOption, False)

    def call(**given: Any) -> int:
        options = {name: given.pop(name) for name in shared}
        as_json = given["as_json"] if has_json else options["as_json"]
        for name, kind in sets.items():
            given[name] = kind(**{one.name: given.pop(one.name) for one in fields(kind)})
        with _named(options):
            if home_name:
                given[home_name] = find_home(options["home"])
            if not node_name:
                return _answer(function(**given), as_json)
            node = connect_to(options["home"], options["url"], options["token"], options["certificate"])
            try:
                return _answer(function(**given, **{node_name: node}), as_json)
            finally:
                node.close()

    keyword = inspect.Parameter.KEYWORD_ONLY
    spread = [each for one in parameters for each in (_spread(sets[one.name]) if one.name in sets else (one,))]
    taken = [one.replace(kind=keyword) for one in spread if one.name not in (node_name, home_name)]
    taken += [inspect.Parameter(name, keyword, default=default, annotation=kind) for name, (kind, default) in shared.items()]
    for one in taken:
        _name_value(one)
    call.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]
    call.__annotations__ = {one.name: one.annotation for one in taken}
    call.__name__, call.__doc__ = function.__name__, function.__doc__
    return call


def _spread(kind: type) -> Iterable[inspect.Parameter]:
    """The fields of a dataclass as the parameters of what makes one."""
    return inspect.signature(kind, eval_str=True).parameters.values()


def _name_value(parameter: inspect.Parameter) -> None:
    """Give an option a word for its value, where its author gave none and its type has no choices to list."""
    kind, *marks = get_args(parameter.annotation) or (parameter.annotation,)
    for mark in marks:
        if isinstance(mark, OptionInfo) and mark.metavar is None:
            words = {int: "N", Path: "FILE", str: "TEXT"}
            found = [words[one] for one in _parts(kind) if one in words]
            mark.metavar = found[0] if found else None


def _parts(kind: Any) -> list[Any]:
    """A type, or the types that a union or list of it is made of."""
    return [kind] if isinstance(kind, type) and not get_args(kind) else [part for one in get_args(kind) for part in _parts(one)]


def _answer(reply: Reply, as_json: bool) -> int:
    show(reply, as_json=as_json)
    return reply.exit_code


def same_node() -> str:
    """The options that named the node of this command, to end the one that a person is told to type next; empty where the
    environment or the folder named it. A token that was typed is left out."""
    return _NAMED.get()


@contextmanager
def _named(options: Mapping[str, Any]) -> Iterator[None]:
    """While a command runs, `same_node` gives the options that name its node."""
    before = _NAMED.set(_as_typed(options))
    try:
        yield
    finally:
        _NAMED.reset(before)


def _as_typed(options: Mapping[str, Any]) -> str:
    given = [(f"--{name}", options.get(name)) for name in ("home", "url", "certificate")]
    given += [("--token", one) for one in (options.get("token"),) if one and one.startswith("@")]
    return "".join(f" {name} {shlex.quote(str(value))}" for name, value in given if value is not None)


def find_home(home: Path | None) -> Path:
    """The home that --home, ATOLL_HOME or the current folder names.

    Raises:
        NoNodeNamed: none of them does.
    """
    from atoll.cli.errors import NoNodeNamed

    if home is not None:
        return home
    if os.environ.get(HOME_VARIABLE):
        return Path(os.environ[HOME_VARIABLE])
    if Path("atoll.toml").is_file():
        return Path()
    raise NoNodeNamed()


def connect_to(home: Path | None, url: str | None, token: str | None, certificate: Path | None) -> Node:
    """A connection to the node that the options name.

    Raises:
        NoNodeNamed, TwoNodesNamed: they name none, or two.
        NodeUnreachable: the home cannot be read.
    """
    from atoll.cli.errors import TwoNodesNamed
    from atoll.cli.files import read_text
    from atoll.client import connect, connect_home

    if url is None:
        return connect_home(find_home(home))
    if home is not None:
        raise TwoNodesNamed()
    if token is not None and token.startswith("@"):
        token = read_text(Path(token[1:])).strip()
    return connect(url, token=token, certificate=certificate)


def _nothing() -> None:
    """A callback makes a Typer with one command a group all the same."""
