"""Whether what a job rests on still stands: asked again before its process starts, while it runs, and before its result is
released.

START consumed the uses; this can only stop a job, never start one. An owner's revocation binds its own node at once, whether or
not the ledger has it yet (SECURITY 1.3, 3.3).
"""

from __future__ import annotations

from collections.abc import Callable

from atoll.errors import RuleError
from atoll.ledger.plan import Plan
from atoll.ledger.records import SIMILARITY, Dataset, Grant, GrantState, Member, MemberState, Reader
from atoll.ledger.rights import why_grant_fell, why_not_own_use
from atoll.ledger.rules.check import COMPARABLE
from atoll.policy.card import DatasetCard
from atoll.policy.errors import DatasetRefused, DeadlineRefused, LevelRefused, NoGrant, NotInvolved, OrderRefused, RightRefused
from atoll.policy.levels import level_reasons
from atoll.policy.orders import find_order


def no_card(dataset: str) -> DatasetCard | None:  # noqa: ARG001
    """For a node that holds none: then each column has the level of its dataset."""
    return None


def find_withdrawal(
    plan: Plan,
    view: Reader,
    revoked: Callable[[bytes], bool],
    *,
    beginning_at: int | None = None,
    card: Callable[[str], DatasetCard | None] = no_card,
) -> str:
    """Code of the first thing that no longer stands; empty if everything does.

    Args:
        plan: of a started job.
        view: the agreed ledger.
        revoked: grants this organisation has revoked, acknowledged or not.
        beginning_at: own time, where the job's process is to begin. A sequencer can put START into a block whose time is long
            past, before a grant ran out; the owner's own clock is what decides here (SECURITY 3.2). A job that has begun in
            time may end after that.
        card: cards that this node holds, for the levels of single columns.
    """
    try:
        if find_order(view, plan.orgs(), plan.inputs) is not None:
            return OrderRefused.code
    except RuleError:  # what it rests on cannot be told any more
        return DatasetRefused.code
    for org in plan.orgs():
        member = view.get(Member, org)
        if member is None or member.state is not MemberState.ACTIVE:
            return NotInvolved.code
    for number, one in enumerate(plan.inputs):
        dataset = view.get(Dataset, one.dataset)
        receiver = plan.org_at("receiver", one.receiver) or ""
        if plan.kind == SIMILARITY and dataset is not None and dataset.state in COMPARABLE:
            continue  # it gives away a count between two registrations, and rests on no grant
        if dataset is None or not dataset.is_usable_by(receiver):
            return DatasetRefused.code
        if not all(each.holds for each in level_reasons(view, plan, number, card(one.dataset), now=beginning_at)):
            return LevelRefused.code
        grant = view.get(Grant, one.grant.hex()) if one.grant else None
        if one.grant and (grant is None or grant.state is not GrantState.ACTIVE or revoked(one.grant)):
            return NoGrant.code
        if grant is not None and beginning_at is not None and not grant.not_before <= beginning_at <= grant.not_after:
            return NoGrant.code
        if _why_no_right(view, dataset, grant, beginning_at):
            return RightRefused.code
    return DeadlineRefused.code if beginning_at is not None and beginning_at > plan.not_after else ""


def _why_no_right(view: Reader, dataset: Dataset, grant: Grant | None, at: int | None) -> str:
    """Why no right carries an input any more: that of its grant, or the custodian's holding for an own use."""
    if grant is None:
        return why_not_own_use(view, dataset.lineage, dataset.owner, at=at)
    return why_grant_fell(view, grant, at=at)
