"""Random histories of rights against a naive book-keeper, and what must be true after every step of each.

Histories are explored as trees: a trunk of a few steps, then every step has eight continuations, so that a hundred thousand
different histories cost little more than one step each. The rules run on records as objects; `tests/unit/rules` has them on
signed bytes.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from atoll.errors import RuleError
from atoll.ledger.records import (
    Chain,
    Dataset,
    DatasetState,
    Grant,
    Member,
    MemberState,
    Record,
    Right,
    RightKind,
    RightState,
    record_key,
    root_right,
    root_right_id,
)
from atoll.ledger.rights import why_grant_fell, why_not_in_force
from atoll.ledger.rules import grant as grants
from atoll.ledger.rules import right as rules
from atoll.ledger.rules.call import Call
from tests.property.naive_rights import CAN_BE_MADE_FROM, WHOLE, Book, Paper, Permit

ORGS = ("bank", "bureau", "telecom")
ROOT = root_right_id("bureau/files")
TRUNK, LEVELS, WAYS, ATTEMPTS = 12, 4, 8, 5
TREES = int(os.environ.get("ATOLL_RIGHTS_TREES", "4"))
"""Each has 4,096 leaves; the 25 trees of `make long` are 102,400 histories of 16 steps."""
CHAIN = Chain(chain_id="lagoon", genesis_digest=bytes(32), rules_version=1, test=True, receipt_term_seconds=60)
GIVING: dict[str, tuple[Any, type[rules.GrantRight]]] = {
    "grant": (rules.grant, rules.GrantRight),
    "lease": (rules.lease, rules.LeaseRight),
    "sublicense": (rules.sublicense, rules.SublicenseRight),
}


def started() -> dict[bytes, Record]:
    """Three members and one lineage."""
    members = [
        Member(
            org=org,
            title=org,
            legal_id=org,
            affiliation="",
            roles=("owner",),
            state=MemberState.ACTIVE,
            peer="",
            https="",
            joined_height=0,
        )
        for org in ORGS
    ]
    files = Dataset(
        dataset="bureau/files/1",
        owner="bureau",
        lineage="bureau/files",
        card_commitment=bytes(32),
        level=2,
        state=DatasetState.ACTIVE,
        height=1,
    )
    records: list[Record] = [*members, files, root_right("bureau/files", holder="bureau", height=1)]
    return {one.key(): one for one in records}


@dataclass
class Objects:
    """A state that keeps records as they are; a rule that is refused leaves nothing."""

    records: dict[bytes, Record]
    written: dict[bytes, Record] = field(default_factory=dict)

    def get(self, kind: type[Any], identifier: str) -> Any:
        key = record_key(kind, identifier)
        return self.written.get(key) or self.records.get(key)

    def put(self, record: Record) -> None:
        self.written[record.key()] = record


@dataclass
class World:
    """The ledger, the book, and the names by which the book knows the ledger's identifiers."""

    records: dict[bytes, Record] = field(default_factory=started)
    book: Book = field(default_factory=lambda: Book({"root": Paper("holding", "bureau")}))
    names: dict[str, bytes] = field(default_factory=lambda: {"root": ROOT})
    done: list[tuple[Any, str, Any]] = field(default_factory=list)
    """What must not be carried out twice."""
    carried_out: int = 0

    def copy(self) -> World:
        return World(dict(self.records), self.book.copy(), dict(self.names), list(self.done), self.carried_out)

    def step(self, draw: random.Random) -> None:
        """Random acts until one is carried out, by the rules and by the book, which must agree on each."""
        self.book.now += draw.choice((0, 0, 0, 1, 2))
        before = self.carried_out
        for _ in range(ATTEMPTS):
            draw.choice(ACTS)(self, draw)
            if self.carried_out > before:
                break
        self._verify()

    # -- acts ------------------------------------------------------------------------------------------------------------------

    def _give(self, draw: random.Random) -> None:
        parent = draw.choice([*self.book.papers])
        above = self.book.papers[parent]
        likely = [one for one, sources in CAN_BE_MADE_FROM.items() if above.kind in sources]
        kind = RightKind(draw.choice(likely)) if draw.random() < 0.95 else draw.choice([*RightKind])
        how = "lease" if draw.random() < 0.2 else "sublicense" if above.parent and draw.random() < 0.98 else "grant"
        last = min(above.last, self.book.now + draw.randrange(25)) + (draw.random() < 0.05)
        new = Paper(
            kind=kind.value,
            holder=self._other(draw, above.holder),
            parent=parent,
            levels=max(0, above.levels - draw.choice((0, 1, 1, 1, 2, 3))),
            share=draw.choice((above.share, above.share // 2, above.share // 3)) if kind is RightKind.INCOME else 0,
            uses=draw.choice((0, above.uses, above.uses // 2, above.uses + 1, 6)) if draw.random() < 0.6 else 0,
            first=max(above.first, self.book.now - draw.choice((-2, 0, 0, 3))) - (draw.random() < 0.05 and above.first > 0),
            last=last,
        )
        if draw.random() < 0.05:
            new = replace(new, share=min(WHOLE, new.share + 1))
        rule, body = GIVING[how]
        name = f"right {len(self.names)}"
        identifier = len(self.names).to_bytes(16, "big")
        message = body(
            right=identifier,
            parent=self.names[parent],
            holder=new.holder,
            kind=kind,
            depth_left=new.levels,
            share_ppm=new.share,
            uses=new.uses,
            not_before=new.first,
            not_after=new.last,
        )
        sender = self._sender(draw, above.holder)
        self.names[name] = identifier
        if self._same(rule, sender, message, self.book.give(how, sender, name, new)):
            self.done.append((rule, sender, message))
        else:
            del self.names[name]

    def _transfer(self, draw: random.Random) -> None:
        name = draw.choice([*self.book.papers])
        paper = self.book.papers[name]
        powers = [one for one, found in self.book.papers.items() if found.kind == "transaction"]
        under = draw.choice(powers) if paper.parent and powers and draw.random() < 0.9 else ""
        seen = paper.changes - (draw.random() < 0.1 and paper.changes > 1)
        to = self._other(draw, paper.holder)
        sender = self._sender(draw, paper.holder)
        message = rules.TransferRight(right=self.names[name], version=seen, to=to, under=self.names[under] if under else b"")
        if self._same(rules.transfer, sender, message, self.book.transfer(sender, name, seen, to, under)):
            self.done.append((rules.transfer, sender, message))

    def _freeze(self, draw: random.Random) -> None:
        frozen = [one for one, found in self.book.papers.items() if found.frozen]
        name = draw.choice(frozen if frozen and draw.random() < 0.6 else [*self.book.papers])
        under = self._power(draw)
        sender = self._sender(draw, self.book.papers[under or "root"].holder)
        on = self.book.papers[name].frozen is (draw.random() < 0.1)
        rule, body = (rules.freeze, rules.FreezeRight) if on else (rules.unfreeze, rules.UnfreezeRight)
        message = body(right=self.names[name], under=self.names[under] if under else b"")
        self._same(rule, sender, message, self.book.freeze(sender, name, under, on=on))

    def _revoke(self, draw: random.Random) -> None:
        name = draw.choice([*self.book.papers])
        under = self._power(draw)
        above = self.book.above(name)
        sender = self._sender(draw, self.book.papers[under or draw.choice(above)].holder)
        message = rules.RevokeRight(right=self.names[name], under=self.names[under] if under else b"")
        self._same(rules.revoke, sender, message, self.book.revoke(sender, name, under))

    def _permit(self, draw: random.Random) -> None:
        name = f"grant {len(self.book.permits)}"
        under = draw.choice([*self.book.papers])
        paper = self.book.papers[under]
        sender = self._sender(draw, paper.holder)
        last = min(paper.last, self.book.now + draw.randrange(8)) + (draw.random() < 0.05)
        new = Permit(under, sender, draw.choice(ORGS), draw.choice((1, 2, 5)), max(0, self.book.now - 2), last)
        message = grants.GiveGrant(
            grant=len(self.book.permits).to_bytes(16, "big"),
            grantee=new.to,
            dataset="bureau/files/1",
            terms_commitment=bytes(32),
            uses=new.uses,
            not_before=new.first,
            not_after=new.last,
            right=self.names[under],
        )
        if self._same(grants.give, sender, message, self.book.permit(sender, name, new)):
            self.done.append((grants.give, sender, message))

    def _replay(self, draw: random.Random) -> None:
        if self.done:
            rule, sender, message = draw.choice(self.done)
            self._same(rule, sender, message, False)

    def _power(self, draw: random.Random) -> str:
        powers = [one for one, found in self.book.papers.items() if found.kind == "management"]
        return draw.choice(powers) if powers and draw.random() < 0.5 else ""

    @staticmethod
    def _other(draw: random.Random, holder: str) -> str:
        return draw.choice([one for one in ORGS if one != holder or draw.random() < 0.1])

    @staticmethod
    def _sender(draw: random.Random, holder: str) -> str:
        return holder if draw.random() < 0.9 else draw.choice(ORGS)

    def _same(self, rule: Any, sender: str, message: Any, expected: bool) -> bool:
        state = Objects(self.records)
        call = Call(state=state, height=2, time=self.book.now, sender=sender, chain=CHAIN)  # type: ignore[arg-type]  # a reader
        refusal = ""
        try:
            rule(call, message)
        except RuleError as err:
            refusal = str(err)
        assert bool(refusal) is not expected, f"{message} of {sender}: {refusal or 'carried out'}"
        if refusal:
            return False
        self.records.update(state.written)
        self.carried_out += 1
        return True

    # -- what is always true ---------------------------------------------------------------------------------------------------

    def _verify(self) -> None:
        state, now = Objects(self.records), self.book.now
        rights = {name: state.get(Right, self.names[name].hex()) for name in self.book.papers}
        assert sum(one.kind is RightKind.HOLDING for one in rights.values()) == 1, "one holder of the holding"
        shares: dict[bytes, int] = {}
        for name, right in rights.items():
            paper = self.book.papers[name]
            assert (right.holder, right.version) == (paper.holder, paper.changes)
            assert (not why_not_in_force(state, right.right, now)) is self.book.holds(name), name
            if not right.is_dead_at(now):
                shares[right.parent] = shares.get(right.parent, 0) + right.share_ppm
            if right.parent:
                above = state.get(Right, right.parent.hex())
                assert right.depth_left < above.depth_left
                assert above.not_before <= right.not_before <= right.not_after <= above.not_after
                assert not above.uses or 0 < right.uses <= above.uses
                assert right.right in above.children or right.is_dead_at(now)
                if right.state is RightState.ACTIVE and above.state is not RightState.ACTIVE:
                    assert why_not_in_force(state, right.right, now), "nothing holds below what was frozen or revoked"
            assert not right.uses or right.uses_given <= right.uses
        assert all(total <= state.get(Right, parent.hex()).share_ppm for parent, total in shares.items() if parent)
        for name in self.book.permits:
            grant = state.get(Grant, int(name.split()[1]).to_bytes(16, "big").hex())
            assert (not why_grant_fell(state, grant, at=now)) is self.book.carries(name), name


ACTS = (*3 * (World._give,), World._transfer, World._freeze, World._revoke, World._permit, World._replay)


def explore(world: World, draw: random.Random, levels: int) -> tuple[int, int]:
    """Every history below this one; how many there are, and how many acts were carried out in the longest."""
    if not levels:
        return 1, world.carried_out
    histories, most = 0, 0
    for _ in range(WAYS):
        branch = world.copy()
        branch.step(draw)
        below, found = explore(branch, draw, levels - 1)
        histories, most = histories + below, max(most, found)
    return histories, most


@pytest.mark.parametrize("tree", range(TREES))
def test_in_every_history_of_rights_no_split_exceeds_its_parent_and_the_book_agrees(tree: int) -> None:
    draw = random.Random(f"rights {tree}")
    world = World()
    for _ in range(TRUNK):
        world.step(draw)
    histories, most = explore(world, draw, LEVELS)
    assert histories == WAYS**LEVELS
    assert most > (TRUNK + LEVELS) // 2, "the histories are of acts that are carried out, not of refusals alone"
