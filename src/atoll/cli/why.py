"""`atoll why`: an error code in words, or the reasons for a job's state."""

from __future__ import annotations

import difflib
import importlib
import inspect
import re
import string
from pathlib import Path
from typing import Annotated

import typer

import atoll.errors
from atoll.cli.deciding import describe_why
from atoll.cli.errors import UnknownCode
from atoll.cli.frame import CertificateOption, HomeOption, TokenOption, UrlOption, command, connect_to, single
from atoll.cli.reply import Fields, Reply, Rows
from atoll.errors import AtollError

app = single()
JOB = re.compile(r"[0-9a-f]{32}")


@command(app, "why", "atoll why policy.no_grant", "atoll why 3f2a91bc4d5e6f708192a3b4c5d6e7f8 --home bank")
def why(
    name: Annotated[
        str, typer.Argument(metavar="CODE_OR_JOB", help="An error code, or the 32 digits of a job; all codes if left out.")
    ] = "",
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    certificate: CertificateOption = None,
) -> Reply:
    """Explain an error code, or why a job stands where it stands.

    A code needs no node. For a job, the node answers with everything it knows. First what decided: who refused or ended it, by
    which rule and grant, what to do; or whose consent or receipt it waits for. Then its own decision with each rule that was
    looked at, what was wanted and what was found.
    """
    if JOB.fullmatch(name):
        return _job(name, home, url, token, certificate)
    codes = load_codes()
    if not name:
        rows = [(code, readable(cls)) for code, cls in codes.items()]
        return Reply({code: readable(cls) for code, cls in codes.items()}, [Rows(("code", "what happened"), rows)])
    if name not in codes:
        near = difflib.get_close_matches(name, codes, n=3)
        raise UnknownCode(name=f"{name[:80]}" + (f" (is it {' or '.join(near)}?)" if near else ""))
    return _code(name, codes[name])


def load_codes() -> dict[str, type[AtollError]]:
    """Every error class of the package, by code; a part defines its own in its module or package `errors`."""
    package = Path(atoll.errors.__file__).parent
    for path in sorted([*package.rglob("errors.py"), *package.rglob("errors")]):
        importlib.import_module(".".join((package.name, *path.relative_to(package).with_suffix("").parts)))
    return {code: cls for code, cls in atoll.errors.catalogue().items() if _is_ours(cls.__module__)}


def _is_ours(module: str) -> bool:
    """Whether people can meet this module's errors; those of tests and of the world in memory they cannot."""
    return module.startswith("atoll.") and not module.startswith("atoll.testing.")


def readable(cls: type[AtollError]) -> str:
    """The class's sentence with its operands in angle brackets."""
    parts = string.Formatter().parse(cls.sentence)
    return "".join(text + (f"<{re.split(r'[.[]', name)[0].replace('_', ' ')}>" if name else "") for text, name, _, _ in parts)


def _code(code: str, cls: type[AtollError]) -> Reply:
    meaning = inspect.cleandoc(cls.__doc__ or "")
    value = {
        "code": code,
        "sentence": readable(cls),
        "meaning": meaning,
        "remedy": cls.remedy,
        "http_status": cls.status,
        "exit_code": cls.exit_code,
    }
    pairs = [("code", code), ("says", readable(cls)), ("means", meaning)]
    pairs += [("what to do", cls.remedy)] if cls.remedy else []
    return Reply(value, [Fields([*pairs, ("exit status", str(cls.exit_code))])])


def _job(job: str, home: Path | None, url: str | None, token: str | None, certificate: Path | None) -> Reply:
    node = connect_to(home, url, token, certificate)
    try:
        info = node.jobs.why(job)
    finally:
        node.close()
    return Reply(info, describe_why(info))
