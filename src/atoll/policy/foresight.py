"""What another party would say to a job, as far as this node can tell before anybody is asked.

The same `decide` in the other's place, over this node's copy of the ledger and the cards and terms that it holds. What only
the other's node knows is taken to be in favour, and listed: a refusal that is foreseen is one, unless something changes until
the job is proposed, and where nothing is found against it, that is no promise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from atoll.policy.coalition import outside_nodes
from atoll.policy.decide import decide
from atoll.policy.local import LocalRules
from atoll.policy.question import Question
from atoll.policy.reasons import MISSING, Decision, Reason, conclude
from atoll.policy.terms import GrantTerms

RULES = "its local rules"
PROMISES = "what it has promised to other jobs, and revoked a moment ago"
REVIEW = "whether a person there has reviewed the program"
LONGEST_DAYS = 366
"""No deadline that a node proposes is so far away; how far a party takes is one of its local rules."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """What is known of one party's decision."""

    org: str
    """Whose."""
    decision: Decision
    """From what is known; for the own organisation it is what its node would decide now."""
    unknown: tuple[str, ...] = ()
    """What its own node alone knows, in words; empty for the own organisation."""


def foresee(question: Question, org: str) -> Foresight:
    """
    Args:
        question: as the own organisation asks it.
        org: the party in whose place it is asked.
    """
    if org == question.me:
        return Foresight(org, decide(question))
    brings = [one for one in question.demands if one.owner_org == org]
    unknown = [RULES]
    if brings:
        unknown.append(PROMISES)
    if any(one.program for one in brings):
        unknown.append(REVIEW)
    if nodes := outside_nodes(question.plan, org):
        unknown.append(f"whether a person there lets {', '.join(nodes)} compute on its data")
    grants = [
        line.grant for line, one in zip(question.plan.inputs, question.demands, strict=False) if one in brings and line.grant
    ]
    held = {grant: question.terms(grant) for grant in grants}
    unknown += [
        f"how the duties in grant {grant.hex()} stand"
        for grant, terms in held.items()
        if terms is not None and without_duties(terms) != terms
    ]
    place = replace(
        question,
        me=org,
        rules=LocalRules(max_days=LONGEST_DAYS),
        terms=lambda grant: without_duties(terms) if (terms := held.get(grant)) else None,
        revoked=lambda _: False,
        standing=lambda: (),
        performed=lambda _: {},
        promised=lambda _: 0,
        reviewed=lambda _: True,
        entrusted=True,
    )
    decision = decide(place)
    unknown += [one.constraint for one in decision.reasons if _is_unseen(one)]
    return Foresight(org, _of_what_is_seen(decision), tuple(unknown))


def without_duties(terms: GrantTerms) -> GrantTerms:
    """The same as if every duty were fulfilled, and every prohibition that can be remedied were."""
    return replace(
        terms,
        permissions=tuple(replace(one, duties=()) for one in terms.permissions),
        prohibitions=tuple(one for one in terms.prohibitions if not one.duties),
        obligations=(),
    )


def _is_unseen(reason: Reason) -> bool:
    return not reason.holds and reason.observed == MISSING


def _of_what_is_seen(decision: Decision) -> Decision:
    """The decision without what failed only because a document is not here."""
    seen = tuple(one for one in decision.reasons if not _is_unseen(one))
    if not decision.denies or len(seen) == len(decision.reasons):
        return decision
    return conclude(seen, ask="")
