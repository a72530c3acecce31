"""What can go wrong in an intersection: the caller's items, the other side's messages, the node's own checkpoint."""

from __future__ import annotations

from atoll.errors import InputError, IntegrityError, PeerError

# -- what the caller brings ----------------------------------------------------------------------------------------------------


class TooManyItems(InputError):
    """The caller has more distinct keys than it agreed to bring."""

    code = "psi_ecdh.too_many_items"
    sentence = "There are {found} different keys, and at most {limit} were agreed."
    remedy = "Raise the row cap in the plan, or bring a smaller set."


class ForeignCheckpoint(IntegrityError):
    """A checkpoint belongs to another run: another seed, plan, place or set, or a damaged file."""

    code = "psi_ecdh.foreign_checkpoint"
    sentence = "The checkpoint does not belong to this run of the intersection."
    remedy = "Start a new attempt with a fresh seed; a resume needs the same input and the same seed."


# -- what the other side sends -------------------------------------------------------------------------------------------------


class PeerSetTooLarge(PeerError):
    """The other side announced a larger set than was agreed."""

    code = "psi_ecdh.peer_set_too_large"
    sentence = "The other side announced {found} items, and at most {limit} were agreed."
    remedy = "End the job; the other side runs outside the plan that it signed."


class WrongFrame(PeerError):
    """A frame is longer or shorter than the announced size of the set makes it."""

    code = "psi_ecdh.wrong_frame"
    sentence = "A frame of round {round} has {found} bytes, and the announced size makes it {expected}."
    remedy = "End the job; the other side is broken or hostile."


class BadKey(PeerError):
    """The sender's public key is no point, or not of order L: blinders would not come off for certain, or hide nothing."""

    code = "psi_ecdh.bad_key"
    sentence = "The other side's public key is not an element of the group."
    remedy = "End the job; the other side is broken or hostile."


class BadPoint(PeerError):
    """A question or an answer of the other side is no canonical encoding of a point, or one of small order."""

    code = "psi_ecdh.bad_point"
    sentence = "Item {position} of the other side is not an element of the group."
    remedy = "End the job; the other side is broken or hostile."
    position: int


class RepeatedTag(PeerError):
    """The sender sent one tag twice; different keys have different ones, and a replayed frame looks like this."""

    code = "psi_ecdh.repeated_tag"
    sentence = "Tag {position} of the other side was sent before."
    remedy = "End the job; the other side did not remove duplicates, is hostile, or replays frames."
    position: int
