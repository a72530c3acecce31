"""What can go wrong between the agreed log and those who watch it from outside."""

from __future__ import annotations

from atoll.errors import AccessError, InputError, IntegrityError, NotFoundError, PeerError, UnavailableError


class NoSuchTile(NotFoundError):
    """Nothing of this name is published."""

    code = "tlog.no_tile"
    sentence = "The log of {size} entries has no such tile."
    remedy = "Ask for the tiles of the published checkpoint, by the paths of C2SP tlog-tiles."


class NothingPublished(UnavailableError):
    """No checkpoint has been published yet."""

    code = "tlog.nothing_published"
    sentence = "This node has published no checkpoint yet."
    remedy = "It waits for a quorum of the members, and of the witnesses that [tlog] names; `atoll doctor` says for whom."


class NotPublishedYet(UnavailableError):
    """A proof was asked for of an entry that the members have agreed on, and that no published checkpoint covers."""

    code = "tlog.not_published"
    sentence = "Entry {index} is agreed on; the published checkpoint covers {size} entries so far."
    remedy = "It is published by itself. Ask again in a moment; if that does not help, `atoll doctor` says what it waits for."


class NotForOutsiders(AccessError):
    """Entries were asked for by somebody who is not entitled to them."""

    code = "tlog.not_for_outsiders"
    sentence = "Entries are for members, auditors and regulators."
    remedy = "Show a token of this node. Hash tiles and checkpoints need none."


class AskedTooOften(UnavailableError):
    """One address asks for more than its share."""

    code = "tlog.too_often"
    status = 429
    sentence = "This address has asked too often."
    remedy = "Wait a second; tiles never change, so keep those that you have."


class LogWentBack(IntegrityError):
    """This node's log is smaller than what was published, and a quorum stands for the smaller one."""

    code = "tlog.went_back"
    sentence = "The log has {size} entries; {seen} entries were published before ({source})."
    remedy = (
        "An older state was restored, here or at a quorum of the members. Nothing is published until somebody has looked: keep "
        "the homes as they are, and compare with `atoll witness show` of a witness."
    )


class LogForked(IntegrityError):
    """This node's log contradicts a checkpoint that was published or witnessed."""

    code = "tlog.forked"
    sentence = "The log with {size} entries does not continue the one published before ({source})."
    remedy = (
        "Somebody has shown two histories. Keep the homes as they are; both signed checkpoints are kept in them, and at the "
        "witness (`atoll witness show`)."
    )


class BadWitnessPolicy(InputError):
    """The file with the witnesses of the published log cannot be used."""

    code = "tlog.bad_policy"
    sentence = "The witnesses in {path} cannot be used: {reason}."
    remedy = "It is a C2SP tlog-policy; `[tlog] witnesses` in atoll.toml names it, `atoll witness init` prints a line for it."


class WitnessesRequired(InputError):
    """A consortium that is not for tests would publish checkpoints that nobody has witnessed."""

    code = "tlog.witnesses_required"
    sentence = "The quorum in {path} is `none`, and this consortium is not for tests."
    remedy = "A signature alone does not stop a log from showing two histories: name a witness or a group as the quorum."


class WitnessUnfit(PeerError):
    """A witness answered with something that is no cosignature."""

    code = "tlog.witness_answer"
    sentence = "The witness {name} gave no cosignature: {reason}."
    remedy = "`atoll witness show` at the witness, and its log, say why; it is asked again by itself."


class WitnessUnreachable(UnavailableError):
    """A witness does not answer."""

    code = "tlog.witness_unreachable"
    sentence = "The witness {name} does not answer: {reason}."
    remedy = "It is asked again by itself; see that it runs, and that its address in the policy is right."


class WitnessAhead(UnavailableError):
    """A witness has cosigned a larger log than this node has."""

    code = "tlog.witness_ahead"
    sentence = "The witness {name} has seen {known} entries of this log, and this node has {size}."
    remedy = "This node is behind, which passes; or an older state was restored, which does not: then it stops."


class NotCosigned(UnavailableError):
    """A member cannot or does not cosign a checkpoint."""

    code = "tlog.not_cosigned"
    sentence = "A quorum of the members' cosignatures is missing; none of {org}."
    remedy = "It is tried again by itself. See that their nodes run and are connected: `atoll ledger validators`."


class NotReachedYet(UnavailableError):
    """A member has not carried out as much as it is to cosign."""

    code = "tlog.not_reached"
    sentence = "This member has agreed on {size} entries; {wanted} are to be cosigned."
    remedy = "It passes when the member has caught up."


class CosignedFurther(UnavailableError):
    """A smaller log, or an earlier time, is to be signed than was signed before."""

    code = "tlog.cosigned_further"
    sentence = "A log of {before} entries was signed before; {size} entries are fewer, or the clock has gone back."
    remedy = "The next, larger checkpoint will do. If it stays so, an older copy of this node's home was put back."
