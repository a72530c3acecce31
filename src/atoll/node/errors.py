"""What can go wrong in a node that is no fault of a peer, a rule or a disk."""

from __future__ import annotations

from atoll.errors import (
    AccessError,
    AtollError,
    ConflictError,
    InputError,
    JobError,
    NotFoundError,
    RuleError,
    UnavailableError,
)


class BadConfig(InputError):
    """The configuration file cannot be used."""

    code = "node.bad_config"
    sentence = "The configuration {path} is not usable: {reason}."
    remedy = "`atoll config check` names each line that is wrong; `atoll init` writes a correct file."


class NoHome(NotFoundError):
    """The folder is not the home of a node."""

    code = "node.no_home"
    sentence = "{path} is not the home of a node: {reason}."
    remedy = "Make one with `atoll init`, or name it with --home or ATOLL_HOME."


class HomeExists(ConflictError):
    """A home should be made where one is."""

    code = "node.home_exists"
    sentence = "{path} is the home of a node already; nothing was changed."
    remedy = "Use it as it is, or name another folder. `atoll config check` says what is in it."


class NotFounded(ConflictError):
    """The home is made, and its organisation is in no consortium yet."""

    code = "node.not_founded"
    sentence = "{path} belongs to no consortium yet: it holds no genesis.atoll."
    remedy = "`atoll consortium found install` brings it to a founder, `atoll consortium enrol` to whoever is invited."


class NoToken(AccessError):
    """The API was called without a token, or with one it does not know."""

    code = "api.no_token"
    status = 401
    sentence = "The request carries no token that this node knows."
    remedy = "Use a token file of the node's home (`tokens/`), with --token or ATOLL_TOKEN."


class WrongScope(AccessError):
    """The token does not allow this call."""

    code = "api.wrong_scope"
    sentence = "The token is for the role {role}; this call needs the scope {scope}."
    remedy = "Use the token of a role that holds the scope."


class NoSuchThing(NotFoundError):
    """The API was asked for something that this node does not know."""

    code = "api.not_found"
    sentence = "This node knows no {what} {name}."
    remedy = "List what there is with the matching `list` command."


class BadRequest(InputError):
    """A request is well formed and yet makes no sense."""

    code = "api.bad_request"
    sentence = "The request cannot be carried out: {reason}."
    remedy = "`--help` of the command shows what it takes."


class ColumnNotUsable(InputError):
    """A grant would permit a column that the dataset's card does not have, or hides: no job could ever use it."""

    code = "grant.no_column"
    sentence = "{dataset} has no column {column} that a grant could permit; it has {columns}."
    remedy = (
        "`atoll dataset show` prints the card. A hidden column can be permitted once the dataset is registered again with "
        "another exposure for it."
    )


class NotForThisJob(ConflictError):
    """The job is not where this call could do anything."""

    code = "job.wrong_phase"
    sentence = "Job {job} is {phase}; {needed}."
    remedy = "`atoll job show` tells what the job waits for."


class JobEnded(NotForThisJob):
    """The job has ended, and nothing about it can be decided any more."""

    code = "job.ended"
    sentence = "Job {job} has ended {state}; nothing is left to {verb}."
    remedy = ""


class BidMade(NotForThisJob):
    """This organisation has bid already."""

    code = "job.bid_made"
    sentence = "{org} has bid in job {job}; a bid is made once."
    remedy = "`atoll auction show` tells until when bids are taken; before that, `atoll job withdraw` ends the whole auction."


class NotAReceiver(NotForThisJob):
    """The result of a job was asked for at a node that gets none of it."""

    code = "job.no_receiver"
    sentence = "{org} does not receive of job {job}; {receivers} does."
    remedy = "Ask at a receiver's node; nobody else has the result."


class ProposalUnconfirmed(UnavailableError):
    """A job was handed in, and no quorum has confirmed its proposal in time; it may still run."""

    code = "job.unconfirmed"
    sentence = "Job {job} was handed in, and no quorum has confirmed it within {seconds} seconds; it may still run."
    remedy = (
        "`atoll doctor` shows who is missing. Once a quorum is back, `atoll job list` shows the job, and `atoll job withdraw` "
        "takes it back. Proposing the same again before its deadline finds this job and makes no second one."
    )


class ResultHeld(AccessError):
    """A regulator has frozen or recalled something that a result rests on, so the node gives nothing of it."""

    code = "job.result_held"
    sentence = "Nothing of the result of job {job} is given: {order}."
    remedy = "`atoll order show` tells who signed. A freeze can be lifted; a recall is for good, delete what you have."


class NotOnThisPlan(AccessError):
    """A peer asked for a document it is not entitled to."""

    code = "peer.not_entitled"
    sentence = "{org} is not entitled to this document."
    remedy = "Only the parties of a job or a grant, and auditors, hold its documents."


class BodyOnItsWay(UnavailableError):
    """A document that this node may read has not reached it, and nobody who holds it gave it in time."""

    code = "body.on_its_way"
    sentence = "The {kind} of {name} is on its way from {org}."
    remedy = "It is taken as soon as a node that holds it can be reached; `atoll doctor` shows which cannot. Then try again."


class PlanMissing(UnavailableError):
    """Nobody could give this node the plan of a job it is a party of."""

    code = "plan.missing"
    sentence = "No party could give the plan of job {job}."
    remedy = "The proposer's node must be reachable until every party has the plan."


class PlanChanged(JobError):
    """The plan that was sent is not the plan on the ledger."""

    code = "plan.changed"
    sentence = "The plan that {sender} sent for job {job} is not the one whose digest is on the ledger."
    remedy = "Somebody changed the plan on its way or at its source; the proposer must propose a new job."


class PlanInconsistent(JobError):
    """The plan and its proposal on the ledger disagree."""

    code = "plan.inconsistent"
    sentence = "The plan of job {job} and its proposal on the ledger differ in {what}."
    remedy = "Propose the job again with a client that has not been altered."


class MemoryExceeded(JobError):
    """The job's process reached its memory cap."""

    code = "job.memory"
    sentence = "The job needed more than its cap of {limit_mb} MiB."
    remedy = (
        "Propose it again with a higher memory limit, or with fewer rows; the estimate is shown before consent. "
        "A node holds every job to its own `max-memory-mb`, section [jobs] of atoll.toml."
    )


class DeadlineExceeded(JobError):
    """The job's one deadline passed while it ran."""

    code = "job.deadline"
    sentence = "The job's deadline passed before it ended."
    remedy = "Propose it again with a later deadline."


class WorkerDied(JobError):
    """The job's process ended without saying why."""

    code = "job.died"
    sentence = "The job's process ended with status {status} in each of {attempts} tries."
    remedy = "The node's log names the cause; `atoll doctor` checks memory and disk."


class SecretsMissing(JobError):
    """This node consented to the job, and its store does not hold the job's secrets: the store is older than the ledger."""

    code = "job.secrets_missing"
    sentence = "This node no longer holds its secrets for job {job}."
    remedy = "A restored backup cannot take a job up again; propose the job anew."


class Cancelled(JobError):
    """A person stopped the job at one of its nodes."""

    code = "job.cancelled"
    sentence = "The job was cancelled at {org}."
    remedy = "Ask the organisation; propose a new job."


class RefusedByPerson(JobError):
    """A person refused the job."""

    code = "policy.refused_by_person"
    sentence = "A person at the organisation refused the job."
    remedy = "Ask the organisation for the reason."


class NoKeyYet(UnavailableError):
    """The members have not dealt the key under which contents are compared, so nobody can tell whether this one is new."""

    code = "registration.no_key"
    sentence = "The members share no key for tags yet; this waited {seconds} seconds for it."
    remedy = "Once the members are connected (`atoll doctor`) register again; `--unchecked` registers without looking."


class RegistrationBusy(ConflictError):
    """Another registration under the same name is under way at this node."""

    code = "registration.busy"
    sentence = "A registration of {name} is under way, with other words."
    remedy = "Wait until it has ended; `atoll dataset list --mine` shows it then."


class TransactionRefused(RuleError):
    """The ledger's rules refused a transaction of this node; `rule` is the code of the one that did, `reason` its sentence."""

    code = "ledger.refused"
    sentence = "The ledger refused {type}: {reason}"
    remedy = "`atoll why CODE` with the code in brackets, which is the rule's, explains it."


class NodeFault(AtollError):
    """Something went wrong in this node that nobody foresaw; its log has the trace."""

    code = "node.fault"
    sentence = "The node made a mistake of its own; its log says where."
    remedy = "Look at log/node.log for the trace and report it; nothing that was acknowledged is lost."


class NotAsked(AccessError):
    """A peer asked for an evaluation that does not stand on the ledger like that."""

    code = "oprf.not_asked"
    sentence = "The ledger holds no request of {org} for the evaluation {id} of these elements."
    remedy = "An evaluation is asked for on the ledger first; a node does both by itself."


class NoShareHere(ConflictError):
    """This node holds no share of the key in force."""

    code = "oprf.no_share"
    sentence = "This node holds no share of the fingerprint key, epoch {epoch}."
    remedy = "Other members answer. A member that missed the dealing gets a share when the key is handed on, within hours."


class TooFewShares(UnavailableError):
    """Fewer members answered an evaluation than the threshold."""

    code = "oprf.too_few_shares"
    sentence = "{found} of the {needed} members needed evaluated the fingerprint; no good answer of {missing}."
    remedy = (
        "Their nodes must be up and connected: `atoll doctor`. The request stands on the ledger and counts; the next try makes "
        "another one."
    )


class ProgramNotReviewed(JobError):
    """A job would run a program on own data that no person here has reviewed, or whose review was taken back."""

    code = "job.program_not_reviewed"
    sentence = "Nobody here has reviewed the program {name} ({digest})."
    remedy = (
        "`atoll program show --job JOB` prints it; `atoll program review DIGEST` says that it was read, then approve the job."
    )


class BidMissing(JobError):
    """A job asks this organisation for a bid, and approving it is none."""

    code = "node.bid_missing"
    sentence = "Job {job} asks this organisation for a bid."
    remedy = "Bid with `atoll auction bid`; a bid of 0 takes part without one."


class NotEntrusted(JobError):
    """Own data would be shared among compute nodes of which this organisation is none, and nobody here has said so."""

    code = "job.not_entrusted"
    sentence = "Any two of the compute nodes {nodes} could together read what this organisation brings."
    remedy = "`atoll job approve JOB --entrust` acknowledges it for one job, the local rule compute-nodes for all; or refuse."
