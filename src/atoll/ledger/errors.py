"""What can be wrong with a ledger, its proofs and its files."""

from __future__ import annotations

from atoll.errors import InputError, IntegrityError, UnavailableError


class BadGenesis(IntegrityError):
    """A genesis file is not what its founders must have signed."""

    code = "ledger.bad_genesis"
    sentence = "The genesis is not valid: {reason}."
    remedy = "Get the genesis file again from a founder, and compare its digest with your trust file."


class BadBlock(IntegrityError):
    """A block does not follow, or does not give what its sequencer says."""

    code = "ledger.bad_block"
    sentence = "Block {height} is refused: {reason}."
    remedy = (
        "Compare with another member; if they agree with you, the sequencer cheats: hand over (`atoll consortium handover`)."
    )


class UnknownRules(UnavailableError):
    """The members have agreed on rules that this version of Atoll does not know; it stops rather than guess what they say."""

    code = "ledger.unknown_rules"
    sentence = "From block {height} on, version {version} of the rules is in force; this version of Atoll knows up to {known}."
    remedy = "Install a version of Atoll that knows these rules and start the node again; it goes on where it stopped."


# -- signed notes, checkpoints, tiles, trust files -----------------------------------------------------------------------------


class NoteFormatError(InputError):
    """Bytes are not a signed note."""

    code = "note.malformed"
    sentence = "The signed note cannot be read: {reason}."


class VerifierKeyError(InputError):
    """A text is not a verifier key, or its key does not serve the purpose."""

    code = "note.bad_key"
    sentence = "The verifier key is not usable: {reason}."
    remedy = "Copy the whole line `name+id+key` again from where the key's owner publishes it."


class NoteSignatureError(IntegrityError):
    """A known key's signature on a note does not hold, which voids the whole note."""

    code = "note.bad_signature"
    sentence = "The signature of {name} on the note does not hold."
    remedy = "Discard the note; if it came from the key's owner, keep it for the auditor."


class UntrustedNoteError(IntegrityError):
    """No known key signed a note, or the keys given cannot be told apart."""

    code = "note.untrusted"
    sentence = "The note cannot be trusted: {reason}."
    remedy = (
        "Get it again from somebody whose key is in your trust file. If members or keys have changed since that was made, "
        "`atoll evidence verify --members` takes the file of `atoll ledger members`."
    )


class CheckpointFormatError(InputError):
    """A note's text is not a checkpoint."""

    code = "checkpoint.malformed"
    sentence = "The checkpoint cannot be read: {reason}."


class EmptyLogRootError(CheckpointFormatError):
    """A checkpoint of an empty log does not have the one root that an empty log has."""

    code = "checkpoint.empty_root"
    sentence = "The checkpoint says that {origin} is empty, but its root says otherwise."


class WrongSealError(IntegrityError):
    """A seal is not one that can vouch for this ledger at this point."""

    code = "ledger.wrong_seal"
    sentence = "The seal does not vouch for this ledger: {reason}."
    remedy = "Do not rely on it; get it again from another member's node, and keep this one for the auditor."


class LogProofFormatError(InputError):
    """A text is not a proof of logging."""

    code = "tlog_proof.malformed"
    sentence = "The proof of logging cannot be read: {reason}."


class PolicyFormatError(InputError):
    """A trust file breaks its format's rules."""

    code = "tlog_policy.malformed"
    sentence = "Line {line} of the trust file is wrong: {reason}."
    remedy = "Correct the line; `c2sp.org/tlog-policy` describes the format."


class QuorumError(IntegrityError):
    """Too few witnesses cosigned a checkpoint."""

    code = "tlog_policy.no_quorum"
    sentence = "The checkpoint of {origin} with {size} entries lacks a quorum; cosigned by: {cosigners}."
    remedy = "Wait for more witnesses to cosign, or get a checkpoint that they have cosigned."


class TileFormatError(InputError):
    """A tile, an entry bundle or the path of one is not what it should be."""

    code = "tiles.malformed"
    sentence = "The tile cannot be used: {reason}."


class WitnessRequestError(InputError):
    """A request to a witness cannot be read."""

    code = "witness.malformed"
    sentence = "The request to add a checkpoint cannot be read: {reason}."


class BadPaper(InputError):
    """A file that persons sign one after the other cannot be read, or not be signed with this key."""

    code = "paper.unusable"
    sentence = "The paper cannot be signed or handed in: {reason}."
    remedy = "Draw it up again at a node: `atoll order draft`, `atoll key approver request` or `atoll grade override`."


class BadSnapshot(IntegrityError):
    """A snapshot of the state is malformed, or not the state that was signed."""

    code = "snapshot.refused"
    sentence = "The snapshot cannot be believed: {reason}."
    remedy = "Take another one from a member you trust; keep this one for the auditor."
