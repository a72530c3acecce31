"""Who may import whom: the picture below, enforced on every import, those inside functions and TYPE_CHECKING included.

    python tools/layers.py            # checks src/atoll
    python tools/layers.py FOLDER     # checks the package in FOLDER

Upper lines import lower ones, never the reverse. Parts separated by `|` do not know each other; parts joined by `,` count as
one. No module may import itself through others. Parts marked pure do no I/O: they may not import the modules of OUTSIDE.
"""

from __future__ import annotations

import ast
import graphlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PICTURE = """
    cli, __main__ | console
    testing
    node | client, __init__ | witness
    storage | transport | ordering | sources | api
    database
    exchange* | jobs*
    policy*
    ledger* | programs*
    protocols* | trust*
    wire* | primitives*
    errors, ports, version, _core
"""
"""Top to bottom; `*` marks a pure part. `__init__` is the package's front door, `_core` the compiled kernels."""

OUTSIDE = frozenset(
    {
        "asyncio",
        "duckdb",
        "fcntl",
        "http",
        "httpx",
        "locale",
        "multiprocessing",
        "os",
        "random",
        "secrets",
        "select",
        "shutil",
        "signal",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
    }
)
"""What a pure part never imports: files, sockets, processes, clock, generator. It is handed a Clock, an Entropy, bytes."""

MARK = "# layers: world in memory"
"""A line of `cli` ending so may import `testing`; nobody else's may."""


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement: `module` names `target` on `line`."""

    module: str
    target: str
    path: Path
    line: int
    marked: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part stands: the row counts from the top, the column from the left."""

    row: int
    column: int
    pure: bool


def read_picture(picture: str) -> dict[str, Place]:
    """Part -> its place."""
    places = {}
    for row, line in enumerate(picture.split("\n")):
        for column, group in enumerate(line.split("|")):
            for part in filter(None, (word.strip() for word in group.split(","))):
                places[part.rstrip("*")] = Place(row, column, part.endswith("*"))
    return places


def find_modules(package: Path) -> dict[str, Path]:
    """Dotted name -> file, for every module of `package` (a folder)."""
    modules = {}
    for path in sorted(package.rglob("*.py")):
        parts = (package.name, *path.relative_to(package).with_suffix("").parts)
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def find_imports(module: str, path: Path, known: frozenset[str]) -> Iterator[Import]:
    """Every import in one file. `from package import name` counts as an import of `package.name` where that is a module."""
    source = path.read_text()
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source, str(path))):
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Call):
            for target in _targets(node, module, path.name == "__init__.py", known):
                yield Import(module, target, path, node.lineno, lines[node.lineno - 1].rstrip().endswith(MARK))


def _targets(node: ast.Import | ast.ImportFrom | ast.Call, module: str, is_package: bool, known: frozenset[str]) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=source, names=names, level=level):
            if level:
                base = module.split(".")
                base = base[: len(base) - level + is_package]
                source = ".".join([*base, source] if source else base)
            assert source is not None
            within = {f"{source}.{alias.name}" for alias in names}
            return sorted((within & known) | ({source} if within - known else set()))
        case ast.Call(func=func, args=[ast.Constant(value=str(target)), *_]):
            name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
            return [target] if name in ("import_module", "__import__") else []
    return []


def part_of(module: str) -> str:
    """`atoll.wire.cbor` -> `wire`; the package itself is `__init__`."""
    return module.split(".")[1] if "." in module else "__init__"


def check_layers(imports: list[Import], places: dict[str, Place], package: str) -> Iterator[tuple[Import, str]]:
    """Each import that breaks the picture, with the rule it breaks."""
    for one in imports:
        source = part_of(one.module)
        here = places.get(source)
        if here is None:
            continue  # find_strays says so, once a module
        if one.target.split(".")[0] != package:
            if here.pure and one.target.split(".")[0] in OUTSIDE:
                yield one, f"{source} is pure and may not import {one.target}: take a Clock, an Entropy or bytes as an argument"
            continue
        target = part_of(one.target)
        there = places.get(target)
        if there is None:
            yield one, f"{target} is not in the picture of tools/layers.py"
        elif target == "testing" and source != "testing" and not (source == "cli" and one.marked):
            yield one, f"{source} may not import testing: only tests may, and lines of cli that end with `{MARK}`"
        elif there.row < here.row:
            yield one, f"{source} may not import {target}: {target} lies above it"
        elif there.row == here.row and there.column != here.column:
            yield one, f"{source} may not import {target}: they are siblings"


def find_strays(modules: dict[str, Path], places: dict[str, Place]) -> Iterator[str]:
    """Modules whose part has no place in the picture."""
    for module, path in modules.items():
        if part_of(module) not in places:
            yield f"{path}:1: {part_of(module)} is not in the picture of tools/layers.py"


def find_cycles(imports: list[Import], known: frozenset[str]) -> Iterator[tuple[Import, str]]:
    """Modules that import themselves through others: one finding for each cycle, at the import that would break it."""
    edges = {(one.module, one.target): one for one in reversed(imports) if one.target in known}
    while True:
        graph: dict[str, list[str]] = {}
        for module, target in sorted(edges):
            graph.setdefault(module, []).append(target)
        try:
            graphlib.TopologicalSorter(graph).prepare()
        except graphlib.CycleError as err:
            cycle = err.args[1][::-1]
        else:
            return
        yield edges.pop((cycle[0], cycle[1])), "import cycle: " + " -> ".join(cycle)


def check_package(package: Path) -> list[str]:
    """Every finding in `package`, as `file:line: rule`."""
    modules = find_modules(package)
    places = read_picture(PICTURE)
    known = frozenset(modules) | {f"{package.name}.{part}" for part in places}
    imports = [one for module, path in modules.items() for one in find_imports(module, path, known)]
    broken = [*check_layers(imports, places, package.name), *find_cycles(imports, known)]
    broken.sort(key=lambda each: (each[0].path, each[0].line))
    return [*find_strays(modules, places), *(f"{one.path}:{one.line}: {rule}" for one, rule in broken)]


def main(arguments: list[str]) -> int:
    package = Path(arguments[0]) if arguments else Path("src/atoll")
    findings = check_package(package)
    print("\n".join(findings) or f"{len(find_modules(package))} modules keep to the picture")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
