"""Whether a person must approve what nothing forbids, or a standing consent speaks for one.

A standing consent is used only if it covers every demand on the organisation's own data, has a use left and is within its term;
data of the levels that need a person's approval, it never covers (SECURITY 1.2, 3.6).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from atoll.ledger.records import Budget, Dataset, StandingConsent, StandingState, budget_id, standing_account
from atoll.policy.coalition import compute_nodes, unacknowledged
from atoll.policy.levels import level_name, level_of
from atoll.policy.odrl import judge
from atoll.policy.outputs import UNNAMED
from atoll.policy.programs import unreviewed
from atoll.policy.question import Question
from atoll.policy.reasons import ASK, Decision, Reason, Verdict, conclude
from atoll.policy.standing_terms import StandingTerms
from atoll.policy.uses import use_of

HIGHEST_LEVEL = 4
"""Data of this level need a person's approval, never a standing rule alone (SECURITY 3.6)."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing for which a person is needed."""

    why: str
    """In words."""
    standing: bool
    """Whether a standing consent may speak for the person."""


def approve(question: Question, reasons: tuple[Reason, ...]) -> Decision:
    """The decision from the reasons: deny, permit, ask; or permit by a standing consent, which the decision then names."""
    needs = tuple(_needs(question))
    decision = conclude(reasons, ask="; ".join(one.why for one in needs))
    if decision.verdict is not Verdict.ASK or not all(one.standing for one in needs):
        return decision
    standing = next((one for one in question.standing() if _covers(question, one)), None)
    if standing is None:
        return decision
    why = "; ".join(one.why for one in needs)
    spoken = Reason(ASK, "a person's approval", why, f"standing consent {standing.standing.hex()}", True)
    return replace(conclude((*reasons, spoken), ask=""), standing=standing.standing)


def _needs(question: Question) -> Iterator[Need]:
    """What nothing forbids and a person must approve all the same."""
    me, proposer = question.me, question.proposer
    if not question.rules.automatic:
        yield Need("the local rules say that a person approves each job", standing=True)
    mine = [one for one in question.demands if one.owner_org == me]
    for name in dict.fromkeys(one.dataset for one in mine if one.receivers != (me,)):
        dataset = question.view.get(Dataset, name)
        level = level_of(question.view, dataset) if dataset is not None else 0
        if level >= HIGHEST_LEVEL:
            yield Need(f"{name} is of level {level_name(level)}", standing=False)
    for digest, program in unreviewed(question).items():
        yield Need(f"nobody here has reviewed the program {program} ({digest[:16]})", standing=False)
    if nodes := unacknowledged(question):
        yield Need(f"any two of {', '.join(nodes)} could together read what this organisation brings", standing=False)
    receives = me in question.plan.receivers() or any(one.receivers == (me,) for one in mine)
    if receives and not _is_trusted(question):
        # its own line rests on no grant: whoever could propose this for it would spend its budgets and learn its sizes
        yield Need(f"{proposer} proposes that this organisation receives", standing=True)
    if me in compute_nodes(question.plan) and not mine and not _is_trusted(question):  # no grant of its own stands behind it
        yield Need(f"{proposer} proposes that this organisation computes for others", standing=True)


def _is_trusted(question: Question) -> bool:
    """Whether no person need be asked because of who proposed."""
    return question.proposer in (question.me, *(question.rules.trusted_proposers or ()))


def _covers(question: Question, terms: StandingTerms) -> bool:
    """Whether a standing consent of this organisation is in force and all demands on its data lie within its bounds."""
    record = question.view.get(StandingConsent, terms.standing.hex())
    account = standing_account(terms.standing)
    budget = question.view.get(Budget, budget_id(account, "uses"))
    if record is None or budget is None or record.owner != question.me or question.revoked(terms.standing):
        return False
    in_force = record.state is StandingState.ACTIVE and record.not_before <= question.now <= record.not_after
    mine = [one for one in question.demands if one.owner_org == question.me]
    if not in_force or budget.left() < 1 or not mine:
        return False
    uses = (use_of(question, one, account=account, began=record.not_before, asked=one.uses) for one in mine)
    return all(judge(terms, use, assumed=(UNNAMED,)).permits for use in uses)
