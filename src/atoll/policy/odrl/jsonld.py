"""Policies from JSON, as ODRL 2.2 and the Dataspace Protocol 2025-1 write them.

It reads the compact form that both use, not JSON-LD at large: names are ODRL's own words, bare or with `odrl:`, or full
identifiers; the product's own terms are full identifiers or begin with `dex:`. Nothing is passed over: a key, an operand, an
operator or an action that the profile does not know is a problem with its name, and so is what can be read in two ways, such as
the same key twice or a bare number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from atoll.policy.errors import PolicyRefused
from atoll.policy.odrl.check import Problem, find_problems
from atoll.policy.odrl.document import load_document, refuse
from atoll.policy.odrl.model import (
    MAX_DEPTH,
    MAX_NODES,
    Conflict,
    Constraint,
    Duty,
    Join,
    LogicalConstraint,
    Operand,
    Operator,
    Policy,
    TermRule,
)
from atoll.policy.odrl.profile import (
    ACTION_OF,
    NAMESPACE,
    ODRL,
    OPERAND_OF,
    PERFORMANCE,
    PROFILE,
    PROFILE_IRI,
    XSD,
    Kind,
)
from atoll.policy.odrl.values import parse_decimal
from atoll.wire.errors import MessageError

M = TypeVar("M")
MICRO = 1_000_000
_ANNOTATIONS = ("dct:", "dcterms:", "dc:", "rdfs:", "prov:", "http://purl.org/dc/terms/")
_CONTEXTS = frozenset({"http://www.w3.org/ns/odrl.jsonld", "https://w3id.org/dspace/2025/1/context.jsonld"})
_PREFIXES = {
    "@vocab": ODRL,
    "odrl": ODRL,
    "dex": NAMESPACE,
    "xsd": XSD,
    "dct": "http://purl.org/dc/terms/",
    "dcterms": "http://purl.org/dc/terms/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "prov": "http://www.w3.org/ns/prov#",
}
"""What a context may say: nothing that gives one of our words another meaning to a reader of JSON-LD."""
_TYPES: dict[Kind, frozenset[str]] = {
    Kind.NUMBER: frozenset({"integer", "nonNegativeInteger", "decimal", "long", "int"}),
    Kind.DECIMAL: frozenset({"integer", "nonNegativeInteger", "decimal", "long", "int"}),
    Kind.TIME: frozenset({"dateTime", "dateTimeStamp", "date"}),
    Kind.DURATION: frozenset({"duration", "dayTimeDuration"}),
}
_KEYS_OF_POLICY = frozenset(
    {"uid", "profile", "assigner", "assignee", "target", "permission", "prohibition", "obligation", "conflict", "timestamp"}
)
_KEYS_OF_RULE = frozenset({"uid", "action", "constraint", "assigner", "assignee", "target"})
_KEYS_OF_CONSTRAINT = frozenset({"uid", "leftOperand", "operator", "rightOperand", "unit"})


def parse_policy_json(source: str | bytes | Mapping[str, Any]) -> Policy:
    """The policy in a JSON text or document.

    Raises:
        PolicyRefused: with the first thing that is refused, by name.
    """
    policy, problems = read_policy(source)
    first = next((one for one in problems if one.refused), None)
    if first is not None:
        raise PolicyRefused(where=first.where, what=first.what)
    return policy


def read_policy(source: str | bytes | Mapping[str, Any]) -> tuple[Policy, tuple[Problem, ...]]:
    """The policy as far as it can be read, with everything that is refused in it.

    Raises:
        PolicyRefused: it is not a JSON object, too long, too deep or too large to be looked at.
    """
    document = source if isinstance(source, Mapping) else load_document(source)
    reader = _Reader()
    policy = reader.policy(document)
    return policy, (*reader.problems, *find_problems(policy))


class _Reader:
    """Reads one document; what is wrong is collected, so that a person sees all of it at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._nodes = 0

    def policy(self, document: Mapping[str, Any]) -> Policy:
        where = "policy"
        self._contexts(document.get("@context", ()))
        fields = self._fields(where, {key: one for key, one in document.items() if key != "@context"}, _KEYS_OF_POLICY)
        kind = document.get("@type", document.get("type", "Set"))
        if _bare(kind) not in ("Set", "Offer", "Agreement", "Policy"):
            self._problem(where, f"there is no policy of type {_words(kind)}")
        for profile in _listed(fields.get("profile", ())):
            if profile not in (PROFILE_IRI, "dex:profile"):
                self._problem(where, f"it is written for the profile {_words(profile)}")
        conflict = _bare(fields.get("conflict", "prohibit"))
        if conflict not in set(Conflict):
            self._problem(where, f"there is no conflict strategy {conflict}")
            conflict = "prohibit"
        try:
            return Policy(
                uid=self._name(where, "uid", fields.get("uid", "")),
                assigner=self._name(where, "assigner", fields.get("assigner", "")),
                assignee=self._name(where, "assignee", fields.get("assignee", "")),
                target=self._name(where, "target", fields.get("target", "")),
                permissions=self._many("permission", fields, self._rule),
                prohibitions=self._many("prohibition", fields, self._rule),
                obligations=self._many("obligation", fields, self._duty),
                conflict=Conflict(conflict),
            )
        except MessageError as err:
            raise PolicyRefused(where=where, what=f"{err.operands['field'] or 'its size'}: {err.operands['problem']}") from err

    def _contexts(self, value: Any) -> None:
        for one in _listed(value):
            if isinstance(one, Mapping):
                for word, meaning in one.items():
                    if _PREFIXES.get(word) != meaning:
                        self._problem("policy", f"a context that gives {_words(word)} a meaning of its own")
            elif not isinstance(one, str) or one not in _CONTEXTS:
                self._problem("policy", f"the context {_words(one)}")

    def _many(self, key: str, fields: Mapping[str, Any], read: Callable[[str, Any], Any]) -> tuple[Any, ...]:
        found = (read(f"{key} {number}", one) for number, one in enumerate(_listed(fields.get(key, ()))))
        return tuple(one for one in found if one is not None)

    def _rule(self, where: str, value: Any) -> TermRule | None:
        extra = {"duty"} if where.startswith("permission") else {"remedy"}
        rule = self._object(where, value, _KEYS_OF_RULE | extra, ("Rule", where.partition(" ")[0].capitalize()), depth=1)
        if rule is None:
            return None
        action, refined = self._action(where, rule.get("action"))
        if refined:
            self._problem(where, "an action with a refinement; say it as a constraint")
        constraints, groups = self._conditions(where, rule.get("constraint", ()), depth=2)
        duties = self._duties(where, extra.pop(), rule, depth=2)
        return self._made(
            where,
            lambda: TermRule(
                uid=self._name(where, "uid", rule.get("uid", "")),
                action=action,
                constraints=constraints,
                groups=groups,
                duties=duties,
                assignee=self._name(where, "assignee", rule.get("assignee", "")),
                target=self._name(where, "target", rule.get("target", "")),
            ),
        )

    def _duties(self, where: str, key: str, rule: Mapping[str, Any], *, depth: int) -> tuple[Duty, ...]:
        listed = enumerate(_listed(rule.get(key, ())))
        found = (self._duty(f"{where}, {key} {number}", one, depth=depth) for number, one in listed)
        return tuple(one for one in found if one is not None)

    def _duty(self, where: str, value: Any, *, depth: int = 1) -> Duty | None:
        duty = self._object(where, value, _KEYS_OF_RULE | {"consequence"}, ("Rule", "Duty"), depth=depth)
        if duty is None:
            return None
        action, refined = self._action(where, duty.get("action"))
        constraints, groups = self._conditions(where, duty.get("constraint", ()), depth=depth + 1)
        if any(one.left not in PERFORMANCE for one in refined):
            self._problem(where, "a refinement that says something else than amount, unit or share")
        consequences = self._duties(where, "consequence", duty, depth=depth + 1)
        uid = self._name(where, "uid", duty.get("uid", ""))
        return self._made(
            where,
            lambda: Duty(
                uid=uid, action=action, constraints=(*constraints, *refined), groups=groups, consequences=consequences
            ),
        )

    def _action(self, where: str, value: Any) -> tuple[str, tuple[Constraint, ...]]:
        """The action and what refines it."""
        listed = _listed(value) if value is not None else []
        if len(listed) != 1:
            self._problem(where, f"{len(listed)} actions; a rule has one")
            return "use", ()
        one = listed[0]
        refined: tuple[Constraint, ...] = ()
        if isinstance(one, Mapping) and "rdf:value" in one:
            inner = self._fields(where, one, frozenset({"uid", "rdf:value", "refinement"}))
            refined, groups = self._conditions(where, inner.get("refinement", ()), depth=2)
            if groups:
                self._problem(where, "a refinement with logic in it")
            one = one["rdf:value"]
        known = ACTION_OF.get(_full(one))
        if known is None:
            self._problem(where, f"there is no action {_words(one)}")
            return "use", refined
        return known, refined

    def _conditions(
        self, where: str, value: Any, *, depth: int
    ) -> tuple[tuple[Constraint, ...], tuple[LogicalConstraint, ...]]:
        constraints: list[Constraint] = []
        groups: list[LogicalConstraint] = []
        for number, one in enumerate(_listed(value)):
            here = f"{where}, constraint {number}"
            join = self._join(one)
            if join is None:
                constraints.extend(self._constraint(here, one, depth=depth))
            else:
                groups.extend(self._group(here, one, join, depth=depth))
        return tuple(constraints), tuple(groups)

    def _join(self, value: Any) -> Join | None:
        if not isinstance(value, Mapping):
            return None
        return next((join for join in Join if join in value or f"odrl:{join}" in value), None)

    def _group(self, where: str, value: Any, join: Join, *, depth: int) -> Iterator[LogicalConstraint]:
        group = self._object(where, value, frozenset({"uid", join.value}), ("LogicalConstraint",), depth=depth)
        if group is None:
            return
        members = group[join.value]
        if isinstance(members, Mapping) and "@list" in members:
            members = members["@list"]
        constraints: list[Constraint] = []
        groups: list[LogicalConstraint] = []
        for number, one in enumerate(_listed(members)):
            here = f"{where}, member {number}"
            inner = self._join(one)
            if inner is not None:
                groups.extend(self._group(here, one, inner, depth=depth + 1))
                continue
            found = self._constraint(here, one, depth=depth + 1)
            if len(found) > 1:
                self._problem(here, "a unit inside a group; say it as a constraint of its own")
            elif join is Join.AND_SEQUENCE and groups:  # behind a group in a sequence, and it must stay behind it
                groups.append(LogicalConstraint(join=Join.AND, constraints=found))
            else:
                constraints.extend(found)
        made = self._made(where, lambda: LogicalConstraint(join=join, constraints=tuple(constraints), groups=tuple(groups)))
        if made is not None:
            yield made

    def _constraint(self, where: str, value: Any, *, depth: int) -> tuple[Constraint, ...]:
        """The constraint, and a second one where it names a unit; nothing if it cannot be read."""
        fields = self._object(where, value, _KEYS_OF_CONSTRAINT, ("Constraint",), depth=depth)
        if fields is None:
            return ()
        left = OPERAND_OF.get(_full(fields.get("leftOperand")))
        operator = _bare(fields.get("operator"))
        if left is None:
            self._problem(where, f"there is no operand {_words(fields.get('leftOperand'))}")
        if operator not in set(Operator):
            self._problem(where, f"there is no operator {_words(fields.get('operator'))}")
        if left is None or operator not in set(Operator):
            return ()
        right = tuple(self._right(where, left, one) for one in _listed(fields.get("rightOperand", ())))
        made = self._made(where, lambda: Constraint(left=left, operator=Operator(operator), right=right))
        if made is None:
            return ()
        unit = self._name(where, "unit", fields.get("unit", ""))
        if not unit:
            return (made,)
        return (made, Constraint(left=Operand.UNIT, operator=Operator.EQ, right=(unit,)))

    def _right(self, where: str, left: Operand, value: Any) -> str:
        """One right operand as the text that constraints hold."""
        kind, stated = PROFILE[left].kind, ""
        if isinstance(value, Mapping):
            if set(value) <= {"@value", "@type"} and "@value" in value:
                value, stated = value["@value"], _words(value.get("@type", ""))
            elif set(value) == {"@id"}:
                value = value["@id"]
        if not isinstance(value, str):
            self._problem(where, f"a right operand {_words(value)} that is not text; numbers are written as text with a type")
            return "?"
        short = stated.removeprefix("xsd:").removeprefix(XSD)
        if short not in ({"", "string", "anyURI"} if kind not in _TYPES else {"", *_TYPES[kind]}):
            self._problem(where, f"a right operand of type {stated} for {left}")
        if kind is Kind.TIME and value.isdigit():
            self._problem(where, f"{value} is no time")
        if left is Operand.EPSILON:
            return self._in_millionths(where, value)
        return value

    def _in_millionths(self, where: str, text: str) -> str:
        number = parse_decimal(text)
        scaled = Decimal(number) * MICRO if number is not None else Decimal("0.5")
        if scaled != scaled.to_integral_value():
            self._problem(where, f"{text} is no epsilon; it is a decimal number with at most six digits behind the point")
            return "0"
        return str(int(scaled))

    def _object(
        self, where: str, value: Any, keys: frozenset[str], types: tuple[str, ...], *, depth: int
    ) -> dict[str, Any] | None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            refuse("policy", f"more than {MAX_NODES} rules and constraints")
        if depth > MAX_DEPTH:
            refuse(where, f"nested deeper than {MAX_DEPTH} levels")
        if not isinstance(value, Mapping):
            self._problem(where, f"{_words(value)} is not an object")
            return None
        stated = value.get("@type", value.get("type", types[0]))
        if _bare(stated) not in types:
            self._problem(where, f"a thing of type {_words(stated)} here")
        return self._fields(where, value, keys)

    def _fields(self, where: str, value: Mapping[str, Any], keys: frozenset[str]) -> dict[str, Any]:
        """The known keys by their short names; whatever else stands there is a problem, unless it only describes."""
        found: dict[str, Any] = {}
        for key, one in value.items():
            short = "uid" if key == "@id" else str(key).removeprefix(ODRL).removeprefix("odrl:")
            if short in keys and short not in found:
                found[short] = one
            elif short in found and found[short] != one:
                self._problem(where, f"{short} stands twice")
            elif short not in found and key not in ("@type", "type") and not str(key).startswith(_ANNOTATIONS):
                self._problem(where, f"{_words(key)} is not known here")
        return found

    def _name(self, where: str, key: str, value: Any) -> str:
        """An identifier, as text or as an object with one."""
        listed = _listed(value)
        one = listed[0] if len(listed) == 1 else None
        if isinstance(one, Mapping) and not set(one) - {"@id", "uid", "@type", "type"}:
            one = one.get("@id", one.get("uid"))
        if not isinstance(one, str) or len(one) > 200:
            self._problem(where, f"{key} is not one identifier")
            return ""
        return one

    def _made(self, where: str, make: Callable[[], M]) -> M | None:
        """The message, or a problem where its bounds refuse it."""
        try:
            return make()
        except MessageError as err:
            self._problem(where, f"{err.operands['field'] or 'its size'}: {err.operands['problem']}")
            return None

    def _problem(self, where: str, what: str) -> None:
        self.problems.append(Problem(where, what))


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _full(value: Any) -> str:
    """The full identifier of a name of either vocabulary."""
    if isinstance(value, Mapping) and set(value) == {"@id"}:
        value = value["@id"]
    if not isinstance(value, str):
        return ""
    if value.startswith("dex:"):
        return NAMESPACE + value.removeprefix("dex:")
    return value if "://" in value else ODRL + value.removeprefix("odrl:")


def _bare(value: Any) -> str:
    return _full(value).removeprefix(ODRL)


def _words(value: Any) -> str:
    """What stands there, short enough to be printed."""
    if isinstance(value, Mapping) and set(value) == {"@id"}:
        value = value["@id"]
    if isinstance(value, Mapping | list | tuple):  # its own text could be as deep as it is
        return "an object" if isinstance(value, Mapping) else "a list"
    return str(value)[:80]
