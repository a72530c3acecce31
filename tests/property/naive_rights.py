"""Rights as sentences: a slow book-keeper that shares no code with the ledger's rules and remembers every right there ever was.

It keeps no lists of children and no counters: whatever it needs to know it adds up over all rights and grants, each time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

CAN_BE_MADE_FROM = {
    "use": {"holding", "operation", "use"},
    "processing": {"holding", "operation", "use", "processing"},
    "operation": {"holding", "operation"},
    "income": {"holding", "income"},
    "management": {"holding", "management"},
    "transaction": {"holding", "transaction"},
    "holding": set[str](),
}
COUNTED = {"use", "processing", "operation"}
WHOLE, LEVELS, NO_END, MOST_CHILDREN = 1_000_000, 7, 2**40, 256


@dataclass(frozen=True)
class Paper:
    """One right in the book."""

    kind: str
    holder: str
    parent: str = ""
    levels: int = LEVELS
    share: int = WHOLE
    uses: int = 0
    first: int = 0
    last: int = NO_END
    alone: bool = False
    frozen: bool = False
    revoked: bool = False
    changes: int = 1
    giver: str = "bureau"


@dataclass(frozen=True)
class Permit:
    """One grant in the book."""

    under: str
    giver: str
    to: str
    uses: int
    first: int
    last: int


@dataclass
class Book:
    """Every right and every grant, by name."""

    papers: dict[str, Paper]
    permits: dict[str, Permit] = field(default_factory=dict)
    now: int = 0

    def copy(self) -> Book:
        return Book(dict(self.papers), dict(self.permits), self.now)

    # -- what holds ------------------------------------------------------------------------------------------------------------

    def above(self, name: str) -> list[str]:
        """The right and all above it."""
        found = [name]
        while self.papers[found[-1]].parent:
            found.append(self.papers[found[-1]].parent)
        return found

    def holds(self, name: str) -> bool:
        """A right can be used now if nobody froze or revoked it, its term runs, and the same is true of all above it."""
        return all(
            not (paper.frozen or paper.revoked) and paper.first <= self.now <= paper.last
            for paper in (self.papers[one] for one in self.above(name))
        )

    def carries(self, name: str) -> bool:
        """A grant carries a use while its right holds and is not leased out, and for its own giver while that is its holder."""
        permit = self.permits[name]
        leased = any(self.leased(permit.under, kind, self.now, self.now) for kind in COUNTED)
        kept = permit.giver != permit.to or self.papers[permit.under].holder == permit.giver
        return self.holds(permit.under) and kept and not leased

    def over(self, paper: Paper) -> bool:
        return paper.revoked or self.now > paper.last

    def living(self, parent: str) -> list[Paper]:
        return [one for one in self.papers.values() if one.parent == parent and not self.over(one)]

    def given_away(self, parent: str) -> int:
        """Uses, whether or not what they went to still lives."""
        below = sum(one.uses for one in self.papers.values() if one.parent == parent)
        return below + sum(one.uses for one in self.permits.values() if one.under == parent)

    def leased(self, parent: str, kind: str, first: int, last: int) -> bool:
        """Whether somebody alone has this kind, or one that it can be made from, in some second of a term."""
        return any(
            one.alone and one.first <= last and max(first, self.now) <= one.last and self.shuts_out(one.kind, kind)
            for one in self.living(parent)
        )

    @staticmethod
    def shuts_out(leased: str, kind: str) -> bool:
        """One of them could be made from the other, so whoever has one could have, or give, the other."""
        return leased == kind or leased in CAN_BE_MADE_FROM[kind] or kind in CAN_BE_MADE_FROM[leased]

    # -- what is done ----------------------------------------------------------------------------------------------------------

    def give(self, how: str, sender: str, name: str, new: Paper) -> bool:
        """Whether a right can be given, and the book with it."""
        parent = self.papers[new.parent]
        allowed = (
            parent.holder == sender != new.holder
            and self.holds(new.parent)
            and {"grant": not parent.parent, "sublicense": bool(parent.parent), "lease": True}[how]
            and name not in self.papers
            and new.last >= self.now
            and parent.kind in CAN_BE_MADE_FROM[new.kind]
            and new.levels < parent.levels
            and parent.first <= new.first <= new.last <= parent.last
            and (new.uses == 0 or new.kind in COUNTED)
            and (parent.uses == 0 or 0 < new.uses <= parent.uses - self.given_away(new.parent))
            and (new.share > 0) == (new.kind == "income")
            and new.share + sum(one.share for one in self.living(new.parent)) <= parent.share
            and not self.leased(new.parent, new.kind, new.first, new.last)
            and len(self.living(new.parent)) < MOST_CHILDREN
        )
        if how == "lease" and allowed:
            overlapping = [
                one for one in self.living(new.parent) if one.first <= new.last and max(new.first, self.now) <= one.last
            ]
            allowed = new.kind in COUNTED | {"management"} and new.last < NO_END
            allowed = allowed and not any(self.shuts_out(new.kind, one.kind) for one in overlapping)
        if allowed:
            self.papers[name] = replace(new, alone=how == "lease", giver=sender)
            self._change(new.parent)
        return allowed

    def transfer(self, sender: str, name: str, seen: int, to: str, under: str) -> bool:
        paper = self.papers[name]
        allowed = paper.holder == sender != to and self.holds(name) and seen == paper.changes
        if paper.parent:
            power = self.papers.get(under)
            allowed = allowed and power is not None and power.kind == "transaction" and power.holder == sender and under != name
            allowed = allowed and self.holds(under)
        if allowed:
            self._change(name, holder=to)
        return allowed

    def _manages(self, sender: str, name: str, under: str) -> bool:
        if not under:
            return self.papers["root"].holder == sender
        power = self.papers[under]
        held = power.kind == "management" and power.holder == sender and self.holds(under)
        return held and name not in self.above(under) and (power.parent == "root" or self._below_its_principals(name, under))

    def _below_its_principals(self, name: str, under: str) -> bool:
        """A manager below a manager: what others gave, of kinds that are used."""
        line = self.above(under)
        principals = {self.papers[one].holder for one in line[2:]} | {self.papers[one].giver for one in line[1:]}
        return self.papers[name].kind in COUNTED and self.papers[name].giver not in principals

    def freeze(self, sender: str, name: str, under: str, *, on: bool) -> bool:
        paper = self.papers[name]
        allowed = self._manages(sender, name, under) and not paper.revoked and paper.frozen is not on
        if allowed:
            self._change(name, frozen=on)
        return allowed

    def revoke(self, sender: str, name: str, under: str) -> bool:
        may = self._manages(sender, name, under) if under else sender in {self.papers[one].holder for one in self.above(name)}
        allowed = may and name != "root" and not self.papers[name].revoked
        if allowed:
            self._change(name, revoked=True)
        return allowed

    def permit(self, sender: str, name: str, new: Permit) -> bool:
        paper = self.papers[new.under]
        kinds = {"holding", "operation"} | ({"use", "processing"} if new.to == sender else set())
        allowed = (
            paper.holder == sender
            and self.holds(new.under)
            and paper.kind in kinds
            and new.last <= paper.last
            and (paper.uses == 0 or self.given_away(new.under) + new.uses <= paper.uses)
            and not any(
                one.alone and one.kind in COUNTED and one.first <= new.last and max(new.first, self.now) <= one.last
                for one in self.living(new.under)
            )
            and name not in self.permits
        )
        if allowed:
            self.permits[name] = new
            if paper.uses:
                self._change(new.under)
        return allowed

    def _change(self, name: str, **changes: object) -> None:
        paper = self.papers[name]
        self.papers[name] = replace(paper, changes=paper.changes + 1, **changes)  # type: ignore[arg-type]  # each is of its field
