"""Purposes by their pseudonyms: the salts of this organisation's lineages, those in terms it holds, and what tags stand for.

The salt of a lineage is drawn once, sealed in this node's store, and goes into the terms of every grant on it. A store that has
lost it takes it from terms that were given before.
"""

from __future__ import annotations

from collections.abc import Iterator

from atoll.ledger.plan import Plan
from atoll.ledger.records import Grant
from atoll.node.bodies import Bodies
from atoll.node.context import NodeContext
from atoll.policy.odrl.model import Constraint, LogicalConstraint
from atoll.policy.purposes import derive_purpose_tag
from atoll.policy.terms import GrantTerms, Operand

SALT_BYTES = 32


class Purposes:
    """Turns purposes into tags, and tags back where this node can."""

    def __init__(self, context: NodeContext, bodies: Bodies) -> None:
        self._context = context
        self._bodies = bodies

    def salt(self, lineage: str) -> bytes:
        """The salt of a lineage of this organisation; empty where there is none yet."""
        return self._context.load_secret(_salt(lineage)) or b""

    def need_salt(self, lineage: str) -> bytes:
        """The salt of a lineage of this organisation; drawn and kept where there is none yet."""
        salt = self.salt(lineage) or self._salt_in_terms(lineage)
        if not salt:
            salt = self._context.entropy.bytes(SALT_BYTES)
        if not self.salt(lineage):
            self._context.save_secret(_salt(lineage), salt)
        return salt

    def tag(self, lineage: str, purpose: str) -> bytes:
        """The tag of a purpose in a lineage of this organisation; what it stands for is remembered."""
        tag = derive_purpose_tag(self.need_salt(lineage), purpose)
        self._remember(tag, purpose)
        return tag

    def name(self, tag: str) -> str:
        """What a tag stands for; empty where this node cannot tell."""
        known = self._context.store.meta(f"purpose/{tag}")
        return known.decode() if known else ""

    def learn(self, terms: GrantTerms) -> None:
        """Remember the tags of the purposes that terms name."""
        if terms.purpose_salt:
            for purpose in dict.fromkeys(purposes_in(terms)):
                self._remember(derive_purpose_tag(terms.purpose_salt, purpose), purpose)

    def tags(self, plan: Plan) -> tuple[bytes, ...]:
        """What a plan's purpose is called, by its inputs: empty where this node does not hold the terms."""
        terms = [self._bodies.terms(one.grant) if one.grant else None for one in plan.inputs]
        for held in terms:
            if held is not None:
                self.learn(held)
        return tuple(derive_purpose_tag(one.purpose_salt, plan.purpose) if one else b"" for one in terms)

    def _remember(self, tag: bytes, purpose: str) -> None:
        name = f"purpose/{tag.hex()}"
        if self._context.store.meta(name) is None:
            self._context.store.set_meta(name, purpose.encode())

    def _salt_in_terms(self, lineage: str) -> bytes:
        for grant in self._context.records(Grant):
            if grant.owner == self._context.org and grant.dataset.rpartition("/")[0] == lineage:
                terms = self._bodies.terms(grant.grant)
                if terms is not None and terms.purpose_salt:
                    return terms.purpose_salt
        return b""


def purposes_in(terms: GrantTerms) -> Iterator[str]:
    """Every purpose that the terms name anywhere."""
    for rule in (*terms.permissions, *terms.prohibitions):
        yield from _named(rule.constraints)
        for group in rule.groups:
            yield from _named_in(group)


def _named_in(group: LogicalConstraint) -> Iterator[str]:
    yield from _named(group.constraints)
    for one in group.groups:
        yield from _named_in(one)


def _named(constraints: tuple[Constraint, ...]) -> Iterator[str]:
    for one in constraints:
        if one.left is Operand.PURPOSE:
            yield from one.right


def _salt(lineage: str) -> str:
    return f"purpose-salt/{lineage}"
