"""The ledger's rules must give every member the same answer: what could differ between two machines is refused here.

    python tools/determinism.py            # checks src/atoll/ledger
    python tools/determinism.py PATH ...   # checks these files and folders

Refused: the clock, randomness, the environment, files, locale, floats and true division, `hash()` and `id()` (which differ from
process to process), and the order of a set. A set may be asked (`in`, `len`, `any`, `sorted`, ...), never walked. Sets are
recognised by how they are made and by annotations in the same file. A line that is right all the same ends with
`# deterministic: why`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MODULES = {
    "time": "the block carries the time",
    "random": "members would draw different numbers",
    "secrets": "members would draw different numbers",
    "uuid": "members would draw different numbers",
    "locale": "members speak different languages",
    "decimal": "its context differs between threads; use integers",
    "unicodedata": "its tables differ between Python versions",
}
CALLS = {
    "hash": "it is salted per process; use a digest",
    "id": "it is a memory address",
    "open": "a rule reads the state and the transaction, nothing else",
    "input": "a rule reads the state and the transaction, nothing else",
}
ATTRIBUTES = {
    ("os", "environ"): "members have different environments",
    ("os", "getenv"): "members have different environments",
    ("os", "urandom"): "members would draw different numbers",
    ("datetime", "now"): "the block carries the time",
    ("datetime", "utcnow"): "the block carries the time",
    ("datetime", "today"): "the block carries the time",
    ("date", "today"): "the block carries the time",
}
INTEGER_MATHS = frozenset({"comb", "factorial", "gcd", "isqrt", "lcm", "perm", "prod"})
"""What `math` gives exactly; the rest of it is floats."""

SET_TYPES = frozenset({"AbstractSet", "FrozenSet", "MutableSet", "Set", "frozenset", "set"})
SET_METHODS = frozenset({"difference", "intersection", "symmetric_difference", "union"})
ORDER_FREE = frozenset({"all", "any", "bool", "frozenset", "isinstance", "len", "max", "min", "set", "sorted", "sum"})
"""Calls whose answer does not depend on the order in which they see their argument."""
WALKING = frozenset(
    {
        "dict",
        "enumerate",
        "extend",
        "filter",
        "from_iterable",
        "fromkeys",
        "iter",
        "join",
        "list",
        "map",
        "repr",
        "str",
        "tuple",
        "zip",
    }
)
"""Calls that see their arguments one after the other and keep that order."""
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
MARK = "# deterministic: "


def check_source(source: str, name: str = "<source>") -> list[str]:
    """Every finding in one file's text, as `name:line: what is wrong`."""
    tree = ast.parse(source, name)
    lines = source.splitlines()
    found = {*_forbidden(tree), *_set_order(tree)}
    return [f"{name}:{line}: {what}" for line, what in sorted(found) if MARK not in lines[line - 1]]


def _forbidden(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield from _module(node.lineno, alias.name)
            case ast.ImportFrom(module=str(module), names=names):
                yield from _module(node.lineno, module)
                for alias in names:
                    yield from _attribute(node.lineno, module, alias.name)
            case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=attr):
                yield from _attribute(node.lineno, owner, attr)
            case ast.Call(func=ast.Name(id=called)) if called in CALLS:
                yield node.lineno, f"{called}(): {CALLS[called]}"
            case ast.Name(id="float" | "complex" as called):
                yield node.lineno, f"{called}: rounding differs; use integers and say the unit"
            case ast.Constant(value=float() | complex() as value):
                yield node.lineno, f"{value!r} is a float: use integers and say the unit"
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield node.lineno, "`/` gives a float: use `//` and say which way it rounds"


def _module(line: int, module: str) -> Iterator[tuple[int, str]]:
    top = module.split(".")[0]
    if top in MODULES:
        yield line, f"{top}: {MODULES[top]}"


def _attribute(line: int, owner: str, attr: str) -> Iterator[tuple[int, str]]:
    if (owner, attr) in ATTRIBUTES:
        yield line, f"{owner}.{attr}: {ATTRIBUTES[owner, attr]}"
    if owner == "math" and attr not in INTEGER_MATHS:
        yield line, f"math.{attr} is a float: use integers and say the unit"


def _set_order(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every place where the order of a set could reach a result."""
    functions = {node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.returns}
    returning = {f"{node.name}()" for node in functions if node.returns and _is_set_type(node.returns)}
    yield from _scope(tree, returning | _set_attributes(tree), _asked(tree))


def _scope(scope: ast.AST, outer: set[str], asked: set[int]) -> Iterator[tuple[int, str]]:
    """The findings of one function, class or module and of all inside it; `outer` are the names of sets around it."""
    nodes = list(_within(scope))
    names = outer - {node.arg for node in nodes if isinstance(node, ast.arg)}
    if isinstance(scope, ast.ClassDef):
        names |= {f"self.{attr}" for attr in _attributes(scope)[0]}
    _learn(nodes, names)
    for node in nodes:
        for over in _walked(node, asked):
            if _is_set(over, names):
                yield over.lineno, f"`{ast.unparse(over)[:60]}` is a set and has no order: walk `sorted(...)`"
        if isinstance(node, SCOPES):
            yield from _scope(node, names, asked)


def _within(scope: ast.AST) -> Iterator[ast.AST]:
    """What lies directly in a scope: inner scopes are named, not entered."""
    for node in ast.iter_child_nodes(scope):
        yield node
        if not isinstance(node, SCOPES):
            yield from _within(node)


def _walked(node: ast.AST, asked: set[int]) -> list[ast.expr]:
    """The expressions that this node goes through one by one."""
    match node:
        case ast.For(iter=over) | ast.YieldFrom(value=over) | ast.Starred(value=over) | ast.FormattedValue(value=over):
            return [over]
        case ast.ListComp(generators=generators) | ast.DictComp(generators=generators):
            return [one.iter for one in generators]
        case ast.GeneratorExp(generators=generators) if id(node) not in asked:
            return [one.iter for one in generators]
        case ast.Assign(targets=[ast.Tuple() | ast.List()], value=over):
            return [over]
        case ast.Call(func=ast.Attribute(value=over, attr="pop"), args=[]):
            return [over]
        case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called), args=args) if called in WALKING:
            return args
    return []


def _asked(tree: ast.AST) -> set[int]:
    """Arguments of order-free calls: `any(... for x in some_set)` is harmless."""
    return {
        id(argument)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ORDER_FREE
        for argument in node.args
    }


def _learn(nodes: list[ast.AST], names: set[str]) -> None:
    """Add the variables, arguments and attributes that hold sets, until nothing new is learnt: one may be made from another."""
    before = -1
    while before != len(names):
        before = len(names)
        for node in nodes:
            match node:
                case ast.Assign(targets=targets, value=value) if _is_set(value, names):
                    names.update(map(_named, targets))
                case ast.NamedExpr(target=target, value=value) if _is_set(value, names):
                    names.add(target.id)
                case ast.AnnAssign(target=target, annotation=annotation) if _is_set_type(annotation):
                    names.add(_named(target))
                case ast.arg(arg=arg, annotation=ast.expr() as annotation) if _is_set_type(annotation):
                    names.add(arg)
    names.discard("")


def _set_attributes(tree: ast.Module) -> set[str]:
    """`.name` for every attribute that is a set in some class of the file and nothing else in another."""
    sets, others = set[str](), set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            found = _attributes(node)
            sets |= found[0]
            others |= found[1]
    return {f".{attr}" for attr in sets - others}


def _attributes(cls: ast.ClassDef) -> tuple[set[str], set[str]]:
    """The attributes of a class that are sets, and those that are said to be something else."""
    sets, others = set[str](), set[str]()
    for node in ast.walk(cls):
        match node:
            case ast.AnnAssign(target=target, annotation=annotation) if node in cls.body or _named(target).startswith("self."):
                (sets if _is_set_type(annotation) else others).add(_named(target).removeprefix("self."))
            case ast.Assign(targets=[target], value=value) if _named(target).startswith("self.") and _is_set(value, set()):
                sets.add(_named(target).removeprefix("self."))
    return sets, others


def _named(target: ast.expr) -> str:
    """How a place is remembered: `x`, `self.x`, `.x` of anything else."""
    match target:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id="self"), attr=attr):
            return f"self.{attr}"
        case ast.Attribute(attr=attr):
            return f".{attr}"
    return ""


def _is_set_type(annotation: ast.expr) -> bool:
    match annotation:
        case ast.Subscript(value=value):
            return _is_set_type(value)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _is_set_type(left) or _is_set_type(right)
        case ast.Constant(value=str(text)):
            return _is_set_type(ast.parse(text, mode="eval").body)
    return _named(annotation).rpartition(".")[2] in SET_TYPES


def _is_set(node: ast.expr, names: set[str]) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Name() | ast.Attribute():
            return _named(node) in names
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in ("set", "frozenset") or name in SET_METHODS or f"{name}()" in names
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor(), right=right):
            return any(_is_set(side, names) or _is_view(side) for side in (left, right))
        case ast.IfExp(body=body, orelse=orelse):
            return _is_set(body, names) or _is_set(orelse, names)
        case ast.NamedExpr(value=value):
            return _is_set(value, names)
    return False


def _is_view(node: ast.expr) -> bool:
    """`mapping.keys()`: ordered by itself, a set once combined."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("keys", "items")


def find_files(paths: list[Path]) -> list[Path]:
    """Every Python file in `paths`, which may be files or folders."""
    return sorted(found for path in paths for found in (path.rglob("*.py") if path.is_dir() else [path]))


def main(arguments: list[str]) -> int:
    files = find_files([Path(one) for one in arguments] or [Path("src/atoll/ledger")])
    findings = [finding for path in files for finding in check_source(path.read_text(), str(path))]
    print("\n".join(findings) or f"{len(files)} files are deterministic")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
