"""Why an owner's node refuses a job. Each is the code of a signed refusal on the ledger; none is raised across a wire."""

from __future__ import annotations

from atoll.errors import InputError, JobError


class BadRules(InputError):
    """The local rules in `atoll.toml` cannot be used; a node does not start with rules it does not understand."""

    code = "policy.bad_rules"
    sentence = "The section [policy] of atoll.toml is not usable: {reason}."
    remedy = "See the how-to on local rules; `atoll config check` names each line."


class NotInvolved(JobError):
    """The plan does not name this organisation, or names a party that is no active member."""

    code = "policy.parties"
    sentence = "The plan's parties are refused: {reason}."
    remedy = "Plan with active members only."


class DeadlineRefused(JobError):
    """The job's deadline has passed or is further away than any job may run."""

    code = "policy.deadline"
    sentence = "The deadline is refused: {reason}."
    remedy = "Propose the job with a deadline within the owner's limit."


class DatasetRefused(JobError):
    """The dataset is unknown, not this owner's, withdrawn, frozen, or its card is missing."""

    code = "policy.dataset"
    sentence = "The dataset is refused: {reason}."
    remedy = "`atoll dataset show` tells its state."


class ColumnRefused(JobError):
    """A column does not exist, may not be shown as the job would show it, or is to be spelt by another rule."""

    code = "policy.column"
    sentence = "A column is refused: {reason}."
    remedy = "The dataset card names each column's exposure and normalisation."


class OutputRefused(JobError):
    """The plan gives its receivers something else than the job asks for, or something that this version does not know."""

    code = "policy.output"
    sentence = "The output is refused: {reason}."
    remedy = (
        "Outputs are identifiers, rows, cardinality and sum, and of secret programs aggregate, comparison and computed; plan "
        "one of them and name it in the plan's outputs."
    )


class LevelRefused(JobError):
    """The level of the data does not allow what a card offers or a job asks for; the level on the ledger now counts."""

    code = "policy.level"
    sentence = "The level of the data forbids it: {reason}."
    remedy = "`atoll grade show` tells the level; ask for what it allows, or for a new grade by a person, with a reason."


class NoGrant(JobError):
    """The job would give others something from this owner's data, and no grant in force authorises it."""

    code = "policy.no_grant"
    sentence = "No grant carries this use: {reason}."
    remedy = "Ask the owner for a grant; it is the only thing that authorises."


class RightRefused(JobError):
    """The right that the grant was given under, or one above it, carries nothing now; or the use lies outside its scope."""

    code = "policy.right"
    sentence = "No right carries this use: {reason}."
    remedy = "`atoll right show` names every right up to the root, who holds it and how it stands."


class TermsRefused(JobError):
    """A grant exists, but the use lies outside its terms."""

    code = "policy.terms"
    sentence = "The grant's terms do not cover this use: {reason}."
    remedy = "`atoll grant show` prints the terms; negotiate others, or change the plan."


class Prohibited(JobError):
    """A prohibition in the grant's terms covers the use; it beats every permission."""

    code = "policy.prohibited"
    sentence = "The grant prohibits this use: {reason}."
    remedy = "Change the plan so that the prohibition does not cover it."


class BudgetRefused(JobError):
    """The grant's uses, or the lineage's budget, would be exceeded."""

    code = "policy.budget"
    sentence = "The budget does not suffice: {reason}."
    remedy = "Ask the owner for more uses or a higher limit."


class OrderRefused(JobError):
    """A regulator has frozen or recalled something that the job rests on."""

    code = "policy.order"
    sentence = "An order of a regulator forbids it: {reason}."
    remedy = "`atoll order list` shows the orders in force; ask the regulator that gave it."


class CapRefused(JobError):
    """The recipient, or its group, would take more from the dataset in a period than the grant permits."""

    code = "policy.cap"
    sentence = "A cap of the grant is reached: {reason}."
    remedy = "`atoll why JOB` says what is left and when it is free again; ask with a smaller set, later, or for a higher cap."


class CoalitionRefused(JobError):
    """Organisations that belong together would together see what each alone may not (SECURITY 1.4)."""

    code = "policy.coalition"
    sentence = "The coalition is refused: {reason}."
    remedy = "Use compute nodes of independent organisations, none of them affiliated with a receiver."


class LocalVeto(JobError):
    """A local rule of this node forbids the job, whatever grants say."""

    code = "policy.local"
    sentence = "A local rule forbids it: {reason}."
    remedy = "The owner's administrator keeps local rules in atoll.toml."


class CheckVetoed(JobError):
    """A check for near duplicates is not one that the rules of registration allow its proposer."""

    code = "policy.check"
    sentence = "The check for a near duplicate is refused: {reason}."
    remedy = "Only the owner of the version registered first checks, within 30 days, once a pair and stage."


class InsecureRefused(JobError):
    """The plan names an insecure protocol outside a test consortium."""

    code = "policy.insecure"
    sentence = "Insecure modes are refused outside test consortia: {reason}."
    remedy = "Use a protocol whose name does not begin with Insecure."


class PolicyRefused(InputError):
    """A policy says something that the closed profile does not know, or says it in a way that can be read in two ways."""

    code = "policy.not_in_profile"
    sentence = "The policy is refused: {where}: {what}."
    remedy = "`atoll policy check FILE` names everything that is refused; docs/reference/odrl-decisions.md lists what there is."
