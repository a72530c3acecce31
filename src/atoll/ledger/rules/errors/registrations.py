"""Why a dataset is not registered, compared, disputed or used so."""

from __future__ import annotations

from atoll.errors import RuleError


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


class TooManyAncestors(RuleError):
    """A dataset version was derived from more versions than a rule looks at: whose budgets it takes from cannot be told."""

    code = "dataset.too_many_ancestors"
    number = 50
    sentence = "{dataset} rests on more than {most} dataset versions."
    remedy = "Register what is used as a dataset of its own origin, or derive it from fewer sets."
