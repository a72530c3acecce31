"""What can go wrong while transactions are put in order."""

from __future__ import annotations

from atoll.errors import ConflictError, IntegrityError, NotFoundError, PeerError, RuleError, UnavailableError


class NotAdmitted(RuleError):
    """A transaction was turned away before it reached a block: its form, sender, signature, nonce or expiry is wrong."""

    code = "ordering.not_admitted"
    sentence = "The transaction was not let in ({refusal}): {reason}"
    remedy = "Correct what the reason names and sign again; nothing was recorded."
    refusal: str
    reason: str


class NotAcknowledged(UnavailableError):
    """A transaction was handed over, and no quorum has confirmed it in time; it may still be carried out."""

    code = "ordering.not_acknowledged"
    sentence = "No quorum has confirmed the transaction within {seconds} seconds; it may still be carried out."
    remedy = "`atoll doctor` shows who is missing. Before you ask again, see in `atoll ledger log` whether it was carried out."


class StaleView(UnavailableError):
    """The newest agreed checkpoint is too old to act on."""

    code = "ordering.stale"
    sentence = "The ledger was last confirmed by a quorum {age_seconds} seconds ago, at most {limit_seconds} are allowed."
    remedy = (
        "See with `atoll doctor` which members are not reachable. If the operator is gone for good, hand over "
        "(`atoll consortium handover`)."
    )


class NotAgreedYet(UnavailableError):
    """No quorum has cosigned a checkpoint since this node exists."""

    code = "ordering.not_agreed"
    sentence = "No quorum has confirmed the ledger yet."
    remedy = "Start the other members' nodes."


class TooManyWaiting(UnavailableError):
    """The queue of transactions is full."""

    code = "ordering.queue_full"
    sentence = "{limit} transactions are waiting already."
    remedy = "Wait and submit again; if it lasts, a quorum of members is not reachable."


class ShareFull(UnavailableError):
    """One member has its share of what can wait."""

    code = "ordering.share_full"
    sentence = "{limit} transactions of {org} are waiting already, which is its share."
    remedy = "Wait until they are carried out and submit again; nothing was recorded."


class StoreFull(UnavailableError):
    """The disk took no more; nothing was acknowledged."""

    code = "ordering.store_full"
    sentence = "The ledger's store cannot be written: {reason}."
    remedy = "Free space on the disk that holds it; the node goes on by itself, and answers reads meanwhile."


class StoreCorrupt(IntegrityError):
    """What the store holds does not add up to what was signed."""

    code = "ordering.store_corrupt"
    sentence = "The ledger's store {path} is not intact: {reason}."
    remedy = "Set the file aside for examination and start without it; the node fetches the ledger from the other members."


class StoreClosed(UnavailableError):
    """The node is stopping, and something in it still reads."""

    code = "ordering.store_closed"
    sentence = "The ledger's store {path} was closed: the node is stopping."
    remedy = "Start the node, and ask again."


class ForeignStore(IntegrityError):
    """The store belongs to another ledger, member or version."""

    code = "ordering.store_foreign"
    sentence = "The ledger's store {path} is not this node's: {reason}."
    remedy = "Point the node to its own store, or start with an empty one."


class StoreInUse(ConflictError):
    """Another process holds the store: two on one store would sign against each other."""

    code = "ordering.store_in_use"
    sentence = "The ledger's store {path} is in use by another process: this node runs already."
    remedy = "`atoll node status` shows how it is; `atoll node stop`, or whatever started it, ends it."


class HistoryPruned(UnavailableError):
    """A proof for a height that is no longer at hand."""

    code = "ordering.history_pruned"
    sentence = "The state at height {height} is no longer at hand for proofs."
    remedy = "Ask for a newer height."


class BadPeerMessage(PeerError):
    """Another member's message does not follow the protocol between replicas."""

    code = "ordering.bad_message"
    sentence = "{org} sent something that cannot be used: {reason}."
    remedy = "Both nodes may run different versions; if not, keep the log for the auditor."


class ForkDetected(IntegrityError):
    """Two histories of one ledger, both signed by its sequencer."""

    code = "ordering.fork"
    sentence = "The sequencer has signed two histories of the log at size {size}; both signatures are kept."
    remedy = "Give the evidence to the auditor and hand over to another member (`atoll consortium handover`)."


class TermRefused(ConflictError):
    """A block of a term that this member has left, or of a sequencer it did not vote for."""

    code = "ordering.term_refused"
    sentence = "Blocks of term {term} are not accepted: this member has promised term {promised} to {sequencer}."
    remedy = "The old sequencer follows the new term by itself once it hears of it."


class BadTime(IntegrityError):
    """A block's time is not the time."""

    code = "ordering.bad_time"
    sentence = "The block's time {found} is more than {limit_seconds} seconds off this member's clock ({now})."
    remedy = "Set the clocks of both members by NTP."


class Censored(IntegrityError):
    """A checkpoint leaves out a valid transaction that the sequencer has had for long."""

    code = "ordering.censored"
    sentence = "The checkpoint leaves out a valid transaction that was forwarded {seconds} seconds ago."
    remedy = "It is sent along with this refusal; a sequencer that goes on leaving it out can be replaced."


class KeyUnfit(ConflictError):
    """This node signs with a key that the ledger does not hold for it."""

    code = "ordering.key_unfit"
    sentence = "The {purpose} key of this node is not the one that the ledger holds for {org}."
    remedy = "Give the node the keystore with the current keys."


class HandoverRefused(ConflictError):
    """A hand-over cannot be voted for, or does not add up."""

    code = "ordering.handover_refused"
    sentence = "The hand-over to {org} is refused: {reason}."
    remedy = "`atoll consortium handover --help` says what a hand-over needs."


class Stopped(UnavailableError):
    """The engine is not running."""

    code = "ordering.stopped"
    sentence = "The ledger of {org} is not running."
    remedy = "Start the node."


class BinaryMissing(NotFoundError):
    """This consortium runs on CometBFT, and there is no CometBFT on this machine."""

    code = "ordering.cometbft_missing"
    sentence = "CometBFT {version} is not here; looked at {places}."
    remedy = "`make cometbft` builds it; ATOLL_COMETBFT names it where it is kept elsewhere."


class BinaryUnfit(ConflictError):
    """The CometBFT on this machine is another version than the one that this Atoll works with."""

    code = "ordering.cometbft_unfit"
    sentence = "{path} is not CometBFT {version}: {found}."
    remedy = "`make cometbft` builds the right one; ATOLL_COMETBFT names it where it is kept elsewhere."


class ValidatorFilesUnfit(IntegrityError):
    """A file that this node's validator needs is missing, exposed, or of something else."""

    code = "ordering.validator_files"
    sentence = "{path}: {reason}."
    remedy = (
        "Never restore or copy priv_validator_state.json: make a new consensus key in an empty folder and register it. "
        "Keys need the mode 0600."
    )


class ValidatorStopped(UnavailableError):
    """This node's validator process has stopped for good; the node stops with it, because it would fall behind unseen."""

    code = "ordering.validator_stopped"
    sentence = "The validator process has stopped: {reason}."
    remedy = "The log says what came before. `atoll doctor` checks the store; the other members' nodes go on meanwhile."


class ValidatorRefused(UnavailableError):
    """The validator process did not answer a question, or answered with an error."""

    code = "ordering.validator_refused"
    sentence = "The validator process did not answer {method}: {reason}."
    remedy = "It may still be starting; `atoll node status` shows its state."


class SealBroken(IntegrityError):
    """What this node has carried out is not what the other validators' votes stand for."""

    code = "ordering.seal_broken"
    sentence = "The votes for height {height} stand for another ledger than the one carried out here."
    remedy = (
        "Set the store aside for examination and start with an empty one; the node fetches the ledger from the other members."
    )
