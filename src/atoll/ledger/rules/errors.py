"""Why a ledger rule refuses a transaction: numbered, because the number is hashed into the block."""

from __future__ import annotations

from atoll.errors import RuleError


class BadTransaction(RuleError):
    """The bytes are not a transaction: not strict CBOR, not the envelope's form, an unknown field, or a field out of bounds."""

    code = "ledger.malformed"
    number = 1
    sentence = "The transaction cannot be read: {reason}."
    remedy = "Make the transaction with a client of the same version as the consortium's rules."


class UnknownType(RuleError):
    """The rules in force have no such transaction."""

    code = "ledger.unknown_type"
    number = 2
    sentence = "The rules in force know no transaction of type {type}."
    remedy = "Compare `atoll ledger show chain/0` (rules_version) with your version's."


class BadSignature(RuleError):
    """The signature does not fit the bytes, the sender, or the sender's registered key."""

    code = "ledger.bad_signature"
    number = 3
    sentence = "The signature is not that of {sender}'s identity key valid at this height."
    remedy = "Sign with the current identity key; `atoll consortium members` shows its version."


class StaleNonce(RuleError):
    """The sender has already used this nonce or a greater one: a replay, or two nodes with one key."""

    code = "ledger.stale_nonce"
    number = 4
    sentence = "Nonce {nonce} was used before; the next one is at least {least}."
    remedy = "Submit it again with a fresh nonce. Two nodes must never share one identity key."


class ExpiredTransaction(RuleError):
    """The transaction's expiry height has passed."""

    code = "ledger.expired"
    number = 5
    sentence = "The transaction expired at height {expiry}; this is height {height}."
    remedy = "Submit it again."


class NotMember(RuleError):
    """The sender is not an active member."""

    code = "ledger.not_member"
    number = 6
    sentence = "{org} is not an active member of this consortium."
    remedy = "Enrol with an invitation, or ask why the membership was suspended."


class NotAllowed(RuleError):
    """The sender may not do this: it is not the owner, not a party, or lacks the role."""

    code = "ledger.not_allowed"
    number = 7
    sentence = "{org} may not do this: {reason}."
    remedy = "The transaction must be sent by the organisation that the rule names."


class Unknown(RuleError):
    """The transaction names something the ledger does not hold."""

    code = "ledger.unknown"
    number = 8
    sentence = "The ledger holds no {what} {name}."
    remedy = "Check the identifier; it may not have been registered yet."


class AlreadyExists(RuleError):
    """The transaction would make something that exists."""

    code = "ledger.exists"
    number = 9
    sentence = "The ledger already holds {what} {name}."
    remedy = "Use another identifier, or a new version of the same dataset."


class WrongState(RuleError):
    """The record exists, but in a state that does not allow this."""

    code = "ledger.wrong_state"
    number = 10
    sentence = "{what} {name} is {state}; this needs {needed}."
    remedy = "Look at the record's history: `atoll ledger show`."


class GrantExhausted(RuleError):
    """A counted allowance is used up; START reserved nothing."""

    code = "budget.exhausted"
    number = 11
    sentence = "Budget {account} has {left} {unit} left; the job needs {needed}."
    remedy = "Ask the owner for a new grant or a higher limit."


class GrantNotInForce(RuleError):
    """The grant a job rests on is revoked, expired, changed, for another dataset, or another grantee's."""

    code = "grant.not_in_force"
    number = 12
    sentence = "Grant {grant} does not carry this job: {reason}."
    remedy = "Negotiate a grant whose terms cover the plan, and plan again."


class PlanMismatch(RuleError):
    """A consent or receipt is for another plan than the proposed one."""

    code = "plan.mismatch"
    number = 13
    sentence = "The plan digest is not that of job {job}."
    remedy = "Fetch the plan again from the proposer; somebody changed it on the way."


class DeadlinePassed(RuleError):
    """Something came too late."""

    code = "ledger.too_late"
    number = 14
    sentence = "{what} ended at {deadline}; it is {now}."
    remedy = "Propose a new job with a later deadline."


class TooEarly(RuleError):
    """Something came before it may act."""

    code = "ledger.too_early"
    number = 15
    sentence = "{what} acts from {at}; it is {now}."
    remedy = "Wait; the delay is what protects the owner of the key."


class BadApproval(RuleError):
    """A second signature that the rule demands is missing or wrong."""

    code = "ledger.bad_approval"
    number = 16
    sentence = "This needs {needed}; {found} valid."
    remedy = "Collect the signatures named in SECURITY 3.6."


class BadKey(RuleError):
    """A key may not be registered: not canonical, of small order, or in use already."""

    code = "ledger.bad_key"
    number = 17
    sentence = "The {purpose} key cannot be registered: {reason}."
    remedy = "Make a new key pair with `atoll key rotate`."


class ResultMismatch(RuleError):
    """Two receipts of one job commit to different results."""

    code = "receipt.mismatch"
    number = 18
    sentence = "{org}'s receipt commits to another result than the receipts before it."
    remedy = "Open the dispute with the auditor; the signed receipts are the evidence."


class NotUnanimous(RuleError):
    """START came before every party had consented."""

    code = "job.not_consented"
    number = 19
    sentence = "Job {job} lacks the consent of {missing}."
    remedy = "Wait for the missing consents: `atoll job watch`."


class CapReached(RuleError):
    """The recipient, or its group, would take more from a lineage in a period than the grant permits; START took nothing."""

    code = "grant.cap_reached"
    number = 20
    sentence = "Grant {grant} permits {limit} {unit} in {days} days; {taken} are taken and the job needs {needed}: {free}."
    remedy = "Wait until the period has moved on, ask with a smaller set, or ask the owner for a grant with a higher cap."


class OprfNoKey(RuleError):
    """The members share no key yet, so there is nothing to evaluate."""

    code = "oprf.no_key"
    number = 21
    sentence = "The members of this consortium share no fingerprint key yet."
    remedy = "It is dealt once enough validating members' nodes are up; `atoll ledger show oprf-dealing/0` tells how far it is."


class OprfLimitReached(RuleError):
    """A member has used up its evaluations of the day; that bounds how fast anybody can guess at fingerprints."""

    code = "oprf.limit_reached"
    number = 22
    sentence = "{org} has asked for {limit} evaluations today (UTC), the most a member may."
    remedy = "Wait for the next day; no member can be given more."


class OprfWrongDealing(RuleError):
    """A part of a dealing that is not due: another dealing, another phase, or not this member's to give."""

    code = "oprf.wrong_dealing"
    number = 23
    sentence = "This is no part of the dealing that is under way: {reason}."
    remedy = "The node looks again by itself; `atoll ledger show oprf-dealing/0` shows what is due."


class OprfBadDeal(RuleError):
    """A deal does not hold: its form, its commitments, or the proof that its dealer knows what it deals."""

    code = "oprf.bad_deal"
    number = 24
    sentence = "The deal of {org} does not hold: {reason}."
    remedy = "The dealer's node is faulty or hostile; the refused transaction, which it signed, is the evidence."


class OprfUnfounded(RuleError):
    """A complaint that shows no wrong share."""

    code = "oprf.unfounded"
    number = 25
    sentence = "The complaint about {org} does not hold: {reason}."
    remedy = "The member that complained is faulty or hostile; the refused transaction, which it signed, is the evidence."


class TooManyRegistrations(RuleError):
    """The member has registered as many versions today as anybody may."""

    code = "registration.too_many"
    number = 30
    sentence = "{org} has registered {limit} versions today, and no member may register more."
    remedy = "Go on tomorrow (UTC, by block time); the limit keeps one member from flooding the others with checks."


class TagsRefused(RuleError):
    """A registration's tags are missing, incomplete, or not from a logged evaluation of its own."""

    code = "registration.tags"
    number = 31
    sentence = "The tags of the registration are refused: {reason}."
    remedy = "Register with `atoll dataset register`, which has the members evaluate them."


class DatasetBlocked(RuleError):
    """The version's content was registered here first by another lineage; nobody but its owner can use it."""

    code = "registration.blocked"
    number = 32
    sentence = "{dataset} is blocked: it is {finding} with regard to {first}, which was registered first."
    remedy = "`atoll dataset history` tells why; its owner can open a dispute with `atoll dataset dispute open`."


class CheckRefused(RuleError):
    """A comparison of two versions that the rules do not allow: too late, too often, or not between these two."""

    code = "registration.check"
    number = 33
    sentence = "This check for a near duplicate is not allowed: {reason}."
    remedy = (
        "Only the owner of the version registered first checks, with the newest of its lineage, within 30 days, once a pair "
        "and stage; all rows three times a version."
    )


class BadParents(RuleError):
    """The sources that a registration names do not stand on the ledger, or not all of them are named."""

    code = "registration.parents"
    number = 34
    sentence = "The sources of the registration are refused: {reason}."
    remedy = "Name every version that it was made from; `atoll dataset register --from-job` does it for a job's result."


class UnfoundedParent(RuleError):
    """A registration names another member's data as its source, and nothing on the ledger says how it got them."""

    code = "registration.unfounded_parent"
    number = 37
    sentence = "{org} cannot name {parent} as a source: no job, grant or right shows that it got anything of it."
    remedy = "Name the job (`--from-job`), or ask its owner for a grant or right first; otherwise leave the source out."


class StatementRefused(RuleError):
    """What an owner states about a near duplicate rests on no check of its own, or says what cannot be."""

    code = "registration.statement"
    number = 35
    sentence = "The statement about {new} is refused: {reason}."
    remedy = "State what a completed check told, once a version, in steps of one percent; otherwise open a dispute."


class DisputeRefused(RuleError):
    """A dispute that cannot be opened, answered or decided so: by a party, by somebody without the role, or about nothing."""

    code = "registration.dispute"
    number = 36
    sentence = "{org} may not do this in a dispute: {reason}."
    remedy = (
        "Owners and holders of the roots speak, against the version that stands in the way (`atoll dataset show`); an auditor "
        "or regulator that belongs to none of them decides."
    )


class RightNotInForce(RuleError):
    """A right, or one above it on the way to the root, is unknown, frozen, revoked, out of its term, or in no proper chain."""

    code = "right.not_in_force"
    number = 40
    sentence = "Right {right} carries nothing now: {reason}."
    remedy = "`atoll right show` names every right up to the root and its state."


class RightExceeded(RuleError):
    """What is asked for goes beyond the right it would come from: kind, depth, term, uses, share, or a lease in the way."""

    code = "right.exceeds_parent"
    number = 41
    sentence = "Right {right} does not reach that far: {reason}."
    remedy = "Ask for less, or ask its grantor for more; `atoll right show` says what is left."


class RightNotMovable(RuleError):
    """A right other than the root is transferred without a right of transaction over it."""

    code = "right.not_movable"
    number = 42
    sentence = "Right {right} cannot be passed on: {reason}."
    remedy = "A right can be transferred by a holder who also has a right of transaction from above it; name that with --under."


class RightChanged(RuleError):
    """A transfer names an older version of the right: something was given from it, or done to it, in between."""

    code = "right.changed"
    number = 43
    sentence = "Right {right} is at version {version}; the transfer was agreed on version {agreed}."
    remedy = "Look at it again with `atoll right show`, and transfer it as it is now."


class NotFrozenSo(RuleError):
    """Only another order lifts a regulator's freeze, and only a manager a manager's."""

    code = "right.frozen_otherwise"
    number = 44
    sentence = "Right {right} is not frozen by this authority; on it are: {freezes}."
    remedy = "A freeze is lifted by those who set it: a regulator by two persons, or the manager of the lineage."


class TooManyRights(RuleError):
    """A right has as many living children as the ledger keeps count of."""

    code = "right.too_many"
    number = 45
    sentence = "Right {right} has {most} living rights directly under it, and takes no more."
    remedy = "Revoke those that are not needed, or give one right of operation and let its holder give the rest."


class TooManyAncestors(RuleError):
    """A dataset version was derived from more versions than a rule looks at: whose budgets it takes from cannot be told."""

    code = "dataset.too_many_ancestors"
    number = 50
    sentence = "{dataset} rests on more than {most} dataset versions."
    remedy = "Register what is used as a dataset of its own origin, or derive it from fewer sets."


class OrderInForce(RuleError):
    """A regulator has frozen or recalled what this rests on."""

    code = "order.in_force"
    number = 51
    sentence = "{what} is {state} by order {order} of {regulator}."
    remedy = (
        "Ask the regulator; `atoll order show` tells who signed. A frozen thing can be used again when the order is lifted."
    )


class OneHandOnly(RuleError):
    """An order does not carry the good signatures of two different approvers of the regulator that gives it."""

    code = "order.not_two_persons"
    number = 52
    sentence = "The order is not signed by two different approvers of {org}: {reason}."
    remedy = "Have two persons sign the same order file: `atoll order sign`, each with an own key."


class BadApprover(RuleError):
    """A person's key may not be registered or counted."""

    code = "approver.refused"
    number = 53
    sentence = "{person} of {org} is no approver: {reason}."
    remedy = "Make a new key with `atoll key approver new`, and have approvers in force sign its request."


class ApprovalMissing(RuleError):
    """The consent of an owner whose data are of level G4 or above lacks the signature of one of its approvers."""

    code = "consent.no_person"
    number = 54
    sentence = "{dataset} is of level {level}: the consent of {org} must carry the signature of one of its approvers."
    remedy = "Have a person sign: `atoll job approve JOB --approver FILE`."


class StandingNotInForce(RuleError):
    """A consent rests on a standing consent that is unknown, somebody else's, revoked, or outside its term."""

    code = "standing.not_in_force"
    number = 60
    sentence = "Standing consent {standing} carries no consent: {reason}."
    remedy = "`atoll policy standing list` shows those in force; a person can approve the job with `atoll job approve`."


class StandingTooLong(RuleError):
    """A standing consent would have ended before it began, or holds longer than any may."""

    code = "standing.term"
    number = 61
    sentence = (
        "The term from {first} to {last} is no term at {now}: it ends later than that, and at most {days} days after it began."
    )
    remedy = "Give it for fewer days; give another one when it has ended."


class NotAnEvaluator(RuleError):
    """Only a dataset's owner and members with the role evaluator have opinions of its quality that count."""

    code = "quality.not_evaluator"
    number = 70
    sentence = "{org} is neither the owner of {dataset} nor an evaluator."
    remedy = "Measure for yourself with `atoll quality compare`; a report needs the role evaluator."


class SameReport(RuleError):
    """The report that is given stands already."""

    code = "quality.same_report"
    number = 71
    sentence = "{org} has given this very report on {dataset} before."
    remedy = "Measure again; a new report has a new salt and so another commitment."


class NotTradable(RuleError):
    """Core data are granted to nobody and taken into no job of others."""

    code = "level.not_tradable"
    number = 80
    sentence = "{dataset} is core data: nobody but its owner may use it."
    remedy = "`atoll grade show` tells who set the level; where it is wrong, its owner lowers it with a reason."


class NeedsReason(RuleError):
    """A level is lowered, or stated again, by somebody who commits to no reason."""

    code = "level.needs_reason"
    number = 81
    sentence = "The level needs a reason: {what}."
    remedy = "`atoll grade override DATASET --level ... --reason ...`; the reason stays with you, its commitment is signed."


class LevelHeld(RuleError):
    """A regulator has set a least level."""

    code = "level.held"
    number = 82
    sentence = "A regulator has set level {floor} as the least for {dataset}."
    remedy = "Ask the regulator; only a regulator lowers what a regulator set."


class NotApproved(RuleError):
    """Important data would be computed with by somebody whom no regulator has named."""

    code = "level.not_approved"
    number = 83
    sentence = "{dataset} is important data, and no approval in force names {missing}."
    remedy = "Ask a regulator of the consortium to approve these parties: `atoll grade approve`."


class LevelBelowParents(RuleError):
    """What was made from data starts at the level of the data."""

    code = "level.below_parents"
    number = 84
    sentence = "{dataset} would have level {level}, and what it was made from has level {least}."
    remedy = "Register it at that level, then lower it with a reason: `atoll grade override`."


class LevelBelowLast(RuleError):
    """The next version of a dataset starts at the level of the version before it."""

    code = "level.below_last"
    number = 85
    sentence = "{dataset} would have level {level}, and the version before it has level {least}."
    remedy = "Register it at that level, then lower it: `atoll grade override`, from G4 on with a person's signature."


class LoweringUnsigned(RuleError):
    """Data of level G4 or above would be lowered without the signature of one of the owner's approvers."""

    code = "level.no_person"
    number = 86
    sentence = "{dataset} is of level {level}: to lower it, {org} needs the signature of one of its approvers: {reason}."
    remedy = (
        "Have a person sign: `atoll grade override ... --approver FILE`. The first one is registered with `atoll key approver`."
    )


# -- rights: 40 to 49 ----------------------------------------------------------------------------------------------------------
