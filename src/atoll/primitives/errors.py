"""What can go wrong in the mathematics: malformed values are the caller's fault, proofs that do not hold nobody's secret."""

from __future__ import annotations

from atoll.errors import InputError, IntegrityError, PeerError

# -- trees and their proofs ----------------------------------------------------------------------------------------------------


class VarintError(InputError):
    """A variable-length integer is not in its one allowed form."""

    code = "uvarint.malformed"
    sentence = "The variable-length integer at byte {offset} cannot be read: {reason}."


class MerkleRangeError(InputError):
    """A proof or root was asked for that the tree cannot have."""

    code = "merkle.out_of_range"
    sentence = "There is no such part of the log: {reason}."
    remedy = "Ask for an index below the size, and for a size the log has reached."


class MerkleProofError(IntegrityError):
    """An inclusion or consistency proof does not hold."""

    code = "merkle.bad_proof"
    sentence = "The Merkle proof does not hold: {reason}."
    remedy = "Do not trust the data it came with; keep both for the auditor."


class StateKeyError(InputError):
    """A key or value cannot be stored in the state tree."""

    code = "smt.unusable"
    sentence = "The state tree cannot hold this: {reason}."


class EmptyTreeError(InputError):
    """Absence cannot be proved in a tree without a single key."""

    code = "smt.empty"
    sentence = "An empty tree proves nothing, not even absence."
    remedy = "Store at least one key first; the ledger's genesis parameters do that."


class ProofEncodingError(InputError):
    """The bytes are not an ICS23 proof in its one allowed encoding."""

    code = "ics23.malformed"
    sentence = "The commitment proof cannot be read: {reason}."


class CommitmentProofError(IntegrityError):
    """An ICS23 proof does not show what it should."""

    code = "ics23.refused"
    sentence = "The commitment proof does not hold: {reason}."
    remedy = "Do not trust the value, or the claim that there is none; keep the proof for the auditor."


# -- groups, signatures, sealing -----------------------------------------------------------------------------------------------


class PointError(PeerError):
    """What should be a group element is malformed, not in its one encoding, or the identity."""

    code = "primitives.bad_point"
    sentence = "Point {index} is not an element of the group."
    remedy = "End the session; the other side is broken or hostile."
    index: int


class ScalarError(InputError):
    """Bytes cannot be a secret scalar."""

    code = "primitives.bad_scalar"
    sentence = "The bytes are not a usable secret: wrong length, not reduced, or zero."
    remedy = "Draw a fresh secret; if it came from a checkpoint, the checkpoint is damaged."


class OprfProofError(PeerError):
    """The proof that an evaluation used the announced key does not hold."""

    code = "primitives.bad_oprf_proof"
    sentence = "The proof of the evaluation does not hold."
    remedy = "End the session; the server used another key than it announced, perhaps to tell its clients apart."


class StoreError(IntegrityError):
    """A set of keys does not fit into a key-value store; happens once in 2^40 sets, and tells nothing of the keys."""

    code = "primitives.store_unencodable"
    tells_of_rows = True
    sentence = "The keys could not be encoded."
    remedy = "Run the job again: a new attempt draws new seeds. If it happens again, report it."


class TagOrderError(PeerError):
    """Tags that should be in ascending order are not."""

    code = "primitives.tags_unsorted"
    sentence = "The other side's tags are not in ascending order."
    remedy = "End the session; the other side is broken or hostile."


class CorrelationError(PeerError):
    """The consistency check of a vector oblivious linear evaluation failed."""

    code = "primitives.bad_correlation"
    sentence = "The other side's part of the correlated randomness is not consistent."
    remedy = "End the session; the other side cheats, or its messages were damaged."


class SignatureError(IntegrityError):
    """An Ed25519 signature does not hold."""

    code = "primitives.bad_signature"
    sentence = "The Ed25519 signature does not hold."
    remedy = "Do not act on what was signed; keep it for the auditor."


class HpkeKeyError(PeerError):
    """A key or an encapsulation cannot be used to agree on a sealing key."""

    code = "primitives.hpke_key"
    sentence = "A sealing key or encapsulation is malformed."
    remedy = "Fetch the other side's key again from the ledger; if it is the same, end the session."


class HpkeOpenError(PeerError):
    """A sealed message was changed, re-ordered, or sealed by or for somebody else."""

    code = "primitives.hpke_open"
    sentence = "The sealed message does not open."
    remedy = "End the session; nothing of the message can be used."


class CommitmentError(IntegrityError):
    """An opening does not fit a commitment."""

    code = "primitives.bad_commitment"
    sentence = "The opening does not fit the commitment."
    remedy = "Do not trust what was opened; keep it for the auditor."
