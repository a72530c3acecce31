"""The reference of errors, written from the exception classes: one page per code, and a table of all.

    python tools/docs.py            # writes docs/reference/errors/
    python tools/docs.py --check    # fails where the committed pages differ, or a class is not fit to be documented

A class is fit if it has a code `area.what`, a sentence, a docstring of its own, and, when a ledger rule raises it, a result
code that no other class has. Every place that makes an error gives all operands its sentence asks for: a missing one would show
only on the day the error happens.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import string
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from types import ModuleType

import atoll.errors
from atoll.errors import AtollError

SOURCE = Path(atoll.errors.__file__).parent
ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "reference" / "errors"
RULES = "atoll.ledger.rules."
"""Where the errors are defined whose result code is hashed into blocks."""
CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
NOTICE = "<!-- Written by tools/docs.py from the class's text; change it there. -->"


def load_modules(source: Path = SOURCE) -> dict[Path, ModuleType]:
    """Every module of the package, by file, except those that run when imported."""
    modules = {}
    for path in sorted(source.rglob("*.py")):
        parts = (source.name, *path.relative_to(source).with_suffix("").parts)
        if parts[-1] != "__main__":
            modules[path] = importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return modules


def load_catalogue() -> dict[str, type[AtollError]]:
    """Every error class of the package, by code."""
    load_modules()
    return {code: cls for code, cls in atoll.errors.catalogue().items() if cls.__module__.split(".")[0] == SOURCE.name}


def operands_of(cls: type[AtollError]) -> frozenset[str]:
    """The names that a sentence has places for."""
    fields = (field for _, field, _, _ in string.Formatter().parse(cls.sentence) if field is not None)
    return frozenset(re.split(r"[.\[]", field)[0] for field in fields)


def check_classes(catalogue: dict[str, type[AtollError]]) -> Iterator[str]:
    """What keeps a class from being documented."""
    numbers = Counter(cls.number for cls in catalogue.values() if cls.number)
    for code, cls in catalogue.items():
        where = f"{cls.__module__}.{cls.__qualname__} ({code})"
        if not CODE.fullmatch(code):
            yield f"{where}: a code is `area.what` in lower case"
        if not cls.sentence.strip():
            yield f"{where}: no sentence"
        if "{" in cls.remedy:
            yield f"{where}: nobody fills operands into a remedy"
        if not (cls.__dict__.get("__doc__") or "").strip():
            yield f"{where}: no docstring of its own"
        if cls.__module__.startswith(RULES) and not cls.number:
            yield f"{where}: a ledger rule raises it, so it needs a result code (`number`)"
        if numbers[cls.number] > 1:
            yield f"{where}: result code {cls.number} belongs to another class too"


def check_calls(path: Path, names: Mapping[str, object]) -> Iterator[str]:
    """Places in one file that make an error without an operand its sentence asks for; `names` says what a name means there.

    Calls with `**operands` and classes with a constructor of their own are not judged.
    """
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Call):
            cls = _meaning(node.func, names)
            given = {keyword.arg for keyword in node.keywords}
            if (
                isinstance(cls, type)
                and issubclass(cls, AtollError)
                and cls.__init__ is AtollError.__init__
                and None not in given
            ):
                for missing in sorted(operands_of(cls) - given):
                    yield f"{path}:{node.lineno}: {cls.__name__} is made without `{missing}`, which its sentence asks for"


def _meaning(node: ast.expr, names: Mapping[str, object]) -> object:
    """What `name` or `module.name` stands for."""
    match node:
        case ast.Name(id=name):
            return names.get(name)
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            return getattr(names.get(module), name, None)
    return None


def check_all_calls() -> Iterator[str]:
    """`check_calls` on every file of the package; a name imported inside a function is known if only one class has it."""
    classes = list(load_catalogue().values())
    counts = Counter(cls.__name__ for cls in classes)
    alone = {cls.__name__: cls for cls in classes if counts[cls.__name__] == 1}
    for path, module in load_modules().items():
        yield from check_calls(path, alone | vars(module))


def write_pages(catalogue: dict[str, type[AtollError]]) -> dict[str, str]:
    """File name -> text, for the whole folder."""
    return {"index.md": _index(catalogue)} | {f"{code}.md": _page(code, cls) for code, cls in catalogue.items()}


def _page(code: str, cls: type[AtollError]) -> str:
    family = next(base for base in cls.__mro__[1:] if not base.__dict__.get("code"))
    phrase = HTTPStatus(cls.status).phrase
    source = f"src/{cls.__module__.replace('.', '/')}.py"
    parts = [
        f"# {code}",
        NOTICE,
        f"> {_readable(cls.sentence)}",
        inspect.cleandoc(cls.__doc__ or ""),
        f"**What to do.** {cls.remedy}" if cls.remedy else "",
        "\n".join(
            [
                "| | |",
                "|---|---|",
                f"| kind | `{family.__name__}`: {_first_line(family)} |",
                f"| HTTP status | {cls.status} {phrase} |",
                f"| exit status of `atoll` | {cls.exit_code} |",
                *([f"| result code in the ledger | {cls.number} |"] if cls.number else []),
                f"| class | [`{cls.__module__}.{cls.__qualname__}`](../../../{source}) |",
            ]
        ),
        "[All errors](index.md)",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _index(catalogue: dict[str, type[AtollError]]) -> str:
    rows = [
        f"| [{code}]({code}.md) | {_cell(_readable(cls.sentence))} | {cls.status} | {cls.exit_code} | {cls.number or ''} |"
        for code, cls in catalogue.items()
    ]
    return "\n".join(
        [
            "# Errors",
            "",
            NOTICE,
            "",
            "Every error has a code that never changes. `atoll why CODE` prints its page; the API answers with it as `code` in",
            "problem+json; the command line ends with its exit status. Words in *italics* are filled in when it happens.",
            "",
            "| code | what happened | HTTP | exit | ledger |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _readable(sentence: str) -> str:
    """The sentence with its operands in italics."""
    pieces = []
    for literal, field, _, _ in string.Formatter().parse(sentence):
        pieces.append(literal + (f"*{field.replace('_', ' ')}*" if field else ""))
    return "".join(pieces)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _first_line(cls: type) -> str:
    return inspect.cleandoc(cls.__doc__ or "").splitlines()[0]


def check_pages(pages: dict[str, str], folder: Path) -> Iterator[str]:
    """Where the folder is not what the classes say."""
    found = {path.name: path.read_text() for path in folder.glob("*.md")}
    for name in sorted(pages.keys() | found.keys()):
        if name not in found:
            yield f"{folder.name}/{name}: missing; run `make docs`"
        elif name not in pages:
            yield f"{folder.name}/{name}: of no error any more; run `make docs`"
        elif found[name] != pages[name]:
            yield f"{folder.name}/{name}: out of date; run `make docs`"


def save_pages(pages: dict[str, str], folder: Path) -> None:
    """Make the folder hold these pages and no others."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text)


def main(arguments: list[str]) -> int:
    catalogue = load_catalogue()
    pages = write_pages(catalogue)
    findings = [*check_classes(catalogue), *check_all_calls()]
    if "--check" in arguments:
        findings += check_pages(pages, PAGES)
    else:
        save_pages(pages, PAGES)
    print("\n".join(findings) or f"{len(catalogue)} errors, each with its page")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
