"""A finding as a page that a lawyer can read: what was asked, agreed, computed, receipted; what that proves, and what not."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from atoll.ledger.evidence import names
from atoll.ledger.evidence.finding import Consented, Finding, Receipted, Standing, Used
from atoll.ledger.evidence.orders import Ordered
from atoll.ledger.plan import Plan
from atoll.ledger.records import EngineKind, JobState, OrderAction

WIDTH = 96

_STATES = {
    JobState.PROPOSED: "It was asked for, and not everybody has answered.",
    JobState.CONSENTED: "Everybody agreed, and it has not started.",
    JobState.STARTED: "It started, and receipts are still missing.",
    JobState.COMPLETED: "It was carried out, and every participant has signed a receipt.",
    JobState.FAILED: "It started, and a participant reported that it had failed.",
    JobState.REFUSED: "It was refused and never started. Nothing was computed.",
    JobState.WITHDRAWN: "It was withdrawn and never started. Nothing was computed.",
    JobState.UNACKNOWLEDGED: "It started, and a participant let the time for its receipt pass.",
    JobState.EXPIRED: "Its deadline passed before it started. Nothing was computed.",
}

_ACTIONS = {
    OrderAction.FREEZE: "froze",
    OrderAction.UNFREEZE: "lifted the freeze of",
    OrderAction.RECALL: "recalled",
}

_ENDINGS = {
    names.REFUSAL: "its refusal",
    names.WITHDRAWAL: "its withdrawal",
    names.FAILURE: "a report that the job had failed",
    names.EXPIRY: "a statement that its term had passed",
}


def narrate(finding: Finding) -> str:
    """The page, in English; lines of at most WIDTH characters wherever words allow.

    Text that organisations wrote themselves is shown without characters that could move the cursor or reverse the line.
    """
    sections = [
        ("Evidence of a job", _summary(finding)),
        ("What was asked", _asked(finding)),
        ("What was agreed", _agreed(finding)),
        ("What it rested on", _rested(finding)),
        ("What was computed and receipted", _receipted(finding)),
        ("Who stands for this record", _standing(finding)),
        ("What this proves", _proves(finding)),
        ("What this does not prove", _limits(finding)),
    ]
    return "\n".join(_section(title, list(lines)) for title, lines in sections)


# -- the sections --------------------------------------------------------------------------------------------------------------


def _summary(finding: Finding) -> Iterator[str]:
    yield (
        f"Job {finding.job_id.hex()}, a private computation of the kind `{finding.kind}` in the consortium {finding.chain_id}. "
        + _STATES[finding.state]
        + _held(finding)
    )
    if finding.test:
        yield "THIS IS A TEST CONSORTIUM. It may run insecure modes; what it signs binds nobody."
    yield f"{finding.entries} entries of the bundle were verified, every one of them, with the trust file alone."


def _held(finding: Finding) -> str:
    """Who has a result of a job that was not carried out for all: a node releases it once its own receipt is on the ledger."""
    if finding.state is JobState.COMPLETED:
        return ""
    signed = [one.act.org for one in finding.receipts if one.act.org in finding.receivers]
    if not signed:
        return " No receiver has signed for a result." if finding.state is JobState.FAILED else ""
    return f" By then {_orgs(finding, signed)} had signed for a result, and can read it."


def _asked(finding: Finding) -> Iterator[str]:
    by = finding.proposal
    yield f"{_org(finding, by.org)} asked for it on {_when(by.time)} (block {by.height}, log entry {by.index})."
    yield f"It had to be finished by {_when(finding.not_after)}."
    if finding.plan is None:
        digest = finding.plan_digest.hex()
        yield f"The plan is closed in this bundle. Its digest is {digest}; whoever holds the plan can show it later."
        yield f"Parties: {_orgs(finding, finding.parties)}. Result goes to: {_orgs(finding, finding.receivers)}."
        return
    yield from _plan(finding, finding.plan)


def _plan(finding: Finding, plan: Plan) -> Iterator[str]:
    yield f"Purpose: {_clean(plan.purpose)}."
    program, name = plan.program.get("graph"), plan.program.get("name")
    if isinstance(program, bytes):
        yield f"Program: {_clean(name) if isinstance(name, str) else plan.kind}, whose digest is {program.hex()}."
    if plan.bids_until:
        bidders = ", ".join(plan.bidders())
        yield f"Bids were taken until {_when(plan.bids_until)}; the consents of {bidders} hold commitments to them."
    for party in plan.parties:
        brought = [one for one in plan.inputs if (one.role, one.index) == (party.role, party.index)]
        what = "; ".join(f"{one.dataset}, columns {_list(one.columns)}, at most {one.rows_cap:,} rows" for one in brought)
        gets = [name for one in plan.outputs if party.role == "receiver" and one.index == party.index for name in one.gets]
        yield (
            f"- {_org(finding, party.org)}, as {party.role} {party.index}"
            + (f", brings {what}" if what else "")
            + (f", receives {_list(gets)}" if gets else "")
            + "."
        )
    yield f"Protocol: {_clean(plan.protocol)}, version {plan.protocol_version}, against {plan.adversary_model} participants."
    yield f"What each side learns beside its result: {_clean(plan.leakage) or 'nothing is stated.'}"
    for one in plan.coalitions:
        yield f"- Together, {_orgs(finding, one.members)} could read {_list(one.reads)}. Every party agreed knowing this."


def _agreed(finding: Finding) -> Iterator[str]:
    for one in finding.consents:
        yield f"- {_consent(finding, one)}"
    missing = [org for org in finding.parties if org not in {one.act.org for one in finding.consents}]
    if missing:
        yield f"No consent by: {_orgs(finding, missing)}."
    if finding.start is not None:
        by = finding.start
        yield (
            f"With the consent of all of them, {_org(finding, by.org)} started the job on {_when(by.time)} (block {by.height})"
            ". At that moment the ledger checked memberships, grants and budgets again and charged them."
        )
    yield from (_order(finding, order) for order in finding.orders)
    if finding.ending is not None:
        by = finding.ending
        why = f", for the reason `{_clean(finding.reason)}`" if finding.reason else ""
        yield f"{_org(finding, by.org)} signed {_ENDINGS[by.entry]} on {_when(by.time)} (block {by.height}){why}."


def _consent(finding: Finding, one: Consented) -> str:
    resting = (
        f" It rested on the organisation's standing consent {one.standing.hex()}, given in advance within bounds that are not "
        "in this bundle; the ledger took one of its uses for it."
        if one.standing
        else ""
    )
    return (
        f"{_org(finding, one.act.org)} consented to exactly this plan on {_when(one.act.time)} (block {one.act.height}), "
        f"signing with key {one.act.kid}.{resting} By its own word its node ran {_clean(one.software)}."
    )


def _order(finding: Finding, one: Ordered) -> str:
    what = f"{_ACTIONS[one.action]} {one.target_kind} {_clean(one.target)}"
    return (
        f"Two persons of {_org(finding, one.regulator)} {what}, by order {one.order.hex()}, signed with {_list(one.approvers)} "
        f"and handed in by {_org(finding, one.act.org)} on {_when(one.act.time)} (block {one.act.height})."
    )


def _rested(finding: Finding) -> Iterator[str]:
    if not finding.uses:
        yield (
            "The job did not start, so it used nobody's data and no permission."
            if finding.start is None
            else "It used no dataset."
        )
    for one in finding.uses:
        yield f"- {_use(finding, one)}"


def _use(finding: Finding, one: Used) -> str:
    text = (
        f"{one.dataset}, level G{one.level}, registered by {_org(finding, one.owner)} on {_when(one.registration.time)}; "
        f"at most {one.rows_cap:,} rows."
    )
    if one.giving is None:
        return text + " Its owner used it for itself, which needs no grant."
    terms = "Its terms are in this bundle." if one.terms is not None else "Its terms are closed in this bundle."
    return (
        text + f" Use was granted to {_org(finding, one.grantee)} on {_when(one.giving.time)} (grant {one.grant.hex()}), from "
        f"{_when(one.not_before)} to {_when(one.not_after)}; it was in force when the job started. {terms}"
    )


def _receipted(finding: Finding) -> Iterator[str]:
    if not finding.receipts:
        yield "Nobody has signed a receipt."
        return
    for one in finding.receipts:
        yield f"- {_receipt(finding, one)}"
    missing = [org for org in finding.parties if org not in {one.act.org for one in finding.receipts}]
    if missing:
        yield f"No receipt by: {_orgs(finding, missing)}."
    if finding.result_commitment is not None:
        yield (
            "All receipts are for one and the same result. It is not shown here: they hold a commitment to it, "
            f"{finding.result_commitment.hex()}, which the receivers can open to whomever they choose."
        )


def _receipt(finding: Finding, one: Receipted) -> str:
    text = f"{_org(finding, one.act.org)} signed its receipt on {_when(one.act.time)} (block {one.act.height})."
    if one.detail is None:
        return text + " Its detail is closed in this bundle."
    insecure = " AN INSECURE MODE TOOK PART." if one.detail.insecure else ""
    unopened = _unopened(finding, one.act.org, one.detail.unopened)
    inputs = "; ".join(f"{used.dataset} ({used.label}), at most {used.rows_at_most:,} rows" for used in one.detail.inputs)
    return (
        text + f" It says: attempt {one.detail.attempt}, {_clean(one.detail.protocol)} version {one.detail.protocol_version}, "
        f"{one.detail.seconds:,} seconds, at most {one.detail.sent_at_most:,} bytes sent "
        f"and {one.detail.received_at_most:,} received" + (f"; its inputs: {inputs}." if inputs else ".") + unopened + insecure
    )


def _unopened(finding: Finding, by: str, bids: Sequence[str]) -> str:
    """What a receipt says of bids; only compute nodes were shown any."""
    if not bids:
        return ""
    said = f" Not opened as committed: the bid of {_list(bids)}."
    if finding.plan is None or any((one.role, one.org) == ("compute", by) for one in finding.plan.parties):
        return said + " One such statement alone may be false; of two, one is true if at most one compute node is dishonest."
    return said + " It computed nothing, so it cannot know, and this shows nothing."


def _standing(finding: Finding) -> Iterator[str]:
    by = finding.standing
    yield f"The record is {by.kind}; {by.quorum} of {by.counted} are needed."
    log = f"the consortium's log of {by.size:,} entries up to block {by.height} ({_when(by.time)}), root {by.root.hex()}"
    if by.engine is EngineKind.COMETBFT:
        yield "No member puts transactions in order alone: validators propose blocks in turn and vote on each (CometBFT)."
        yield f"It is {log}. These members carried out every transaction in it and voted for it, each by its own clock:"
    else:
        yield f"{_org(finding, by.sequencer)} put transactions in order in term {by.term}, and does not count."
        yield (
            f"It is {log}. These members carried out every transaction in it themselves and cosigned it, each by its own clock:"
        )
    for org, time in by.cosigned_at.items():
        yield f"- {_org(finding, org)}, {_when(time)}"
    if by.steps:
        who = "Validators" if by.engine is EngineKind.COMETBFT else "Sequencer or members"
        yield f"{who} have changed since the founding; steps from the founders to these members: {by.steps}."
    age = finding.age_seconds
    if age is not None and finding.verified_at is not None:
        old = f"{age:,} seconds old" if age >= 0 else f"dated {-age:,} seconds ahead of this verifier's clock"
        yield f"Verified on {_when(finding.verified_at)}, when that quorum was {old}."


def _proves(finding: Finding) -> Iterator[str]:
    by = finding.standing
    yield (
        f"- The record is that of the consortium with the genesis {finding.genesis_digest.hex()}, which your trust file names "
        "and all its founders signed. A consortium invented for the occasion cannot make this bundle."
    )
    yield (
        "- Each act above was signed with a key that was that organisation's and was neither replaced nor revoked by then. "
        "Nobody else, the operator included, can sign in its place."
    )
    yield "- Each was carried out by the ledger's rules; nothing that the ledger refused is shown as done."
    if finding.start is not None:
        yield "- The job started only after every party had consented to one and the same plan, under permissions in force."
    if finding.state is JobState.COMPLETED:
        yield "- Every participant committed itself to one result of that plan, and cannot claim another without contradiction."
    signed, then = (
        ("voted for", "the two together name them")
        if by.engine is EngineKind.COMETBFT
        else ("cosigned", "their own signatures would convict them")
    )
    yield (
        f"- Another record of the same log would need {_twice(by)} or more of the {by.counted} members to have {signed} both, "
        f"and {then}."
    )


def _limits(finding: Finding) -> Iterator[str]:
    model = finding.plan.adversary_model if finding.plan else "which stands in the plan"
    yield (
        "- That the data were true or complete. Owners vouch for their data; where an input is `asserted`, its owner's word is "
        "all there is."
    )
    yield "- That nobody copied, kept or passed on a result after receiving it, or used it for another purpose."
    yield f"- Security beyond the plan's adversary model ({model}). `semi-honest`: safe as long as all kept to the protocol."
    yield "- Which software ran. Versions and build digests are what each node said of itself."
    yield "- That a key was in its owner's hands. A theft shows from the block in which the key was revoked, and not before."
    clock = (
        "the median of the validators' clocks when they voted for the block before"
        if finding.standing.engine is EngineKind.COMETBFT
        else "by the sequencer's clock, which members compare with theirs to a few seconds when they cosign"
    )
    yield f"- Exact times. Times are those of blocks, {clock}; within a block there is an order and no time."
    yield f"- Anything after {_when(finding.standing.agreed_at)}: later revocations, disputes or findings are not in here."
    yield from _limits_of_engine(finding)
    if finding.closed:
        yield f"- What is closed in this bundle: {', '.join(finding.closed)}."


def _limits_of_engine(finding: Finding) -> Iterator[str]:
    by = finding.standing
    if by.engine is EngineKind.COMETBFT:
        yield (
            f"- More agreement than there was. The record is {by.kind}. That is Byzantine consensus, and holds as long as "
            f"less than a third of the validators cheat. Where {_twice(by)} or more of the {by.counted} cheat together, there "
            "can be two such records, and each would verify by itself; a member or witness that has seen the other can tell."
        )
        yield (
            "- That the validators' consensus keys, the founders' included, were never stolen. Whoever holds those of more "
            "than two thirds together, even long after they were given up, can forge a record from there on."
        )
        return
    yield f"- More agreement than there was. The record is {by.kind}; that is not Byzantine consensus."
    yield (
        "- That the founders' cosigning keys were never stolen. Whoever holds a quorum of them together can forge a record "
        "from the founding on."
    )


def _twice(by: Standing) -> int:
    """How many must have stood for two records of one point for both to have a quorum."""
    return max(1, 2 * by.quorum - by.counted)


# -- words ---------------------------------------------------------------------------------------------------------------------


def _section(title: str, lines: list[str]) -> str:
    body = "\n".join(
        textwrap.fill(
            line, WIDTH, subsequent_indent="  " if line.startswith("- ") else "", break_long_words=False, break_on_hyphens=False
        )
        for line in lines
    )
    return f"{title}\n{'-' * len(title)}\n{body}\n"


def _org(finding: Finding, org: str) -> str:
    title = _clean(finding.titles.get(org, ""))
    return f"{title} ({org})" if title else org


def _orgs(finding: Finding, orgs: Iterable[str]) -> str:
    return ", ".join(_org(finding, org) for org in orgs)


def _list(items: Iterable[str]) -> str:
    return ", ".join(_clean(one) for one in items)


def _when(time: int) -> str:
    if time > 253_402_300_799:  # the last second of the year 9999, where calendars end
        return f"second {time} (Unix time)"
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _clean(text: str) -> str:
    """Somebody's own words, on one line and without characters that do more than be seen."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
