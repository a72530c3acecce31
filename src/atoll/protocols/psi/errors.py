"""What can go wrong in an intersection, whatever protocol runs it and whatever comes out of it."""

from __future__ import annotations

from atoll.errors import InputError, IntegrityError, PeerError

# -- what the caller brings ----------------------------------------------------------------------------------------------------


class TooManyRows(InputError):
    """The caller has more rows than it agreed to bring, or than the protocol takes."""

    code = "psi.too_many_rows"
    sentence = "There are {found} rows with a key, and at most {limit} were agreed."
    remedy = "Raise the row cap in the plan, or bring a smaller set."


class BucketOverflow(InputError):
    """More keys fell into one bucket than it is padded to; by chance in one run of 2^40."""

    code = "psi.bucket_overflow"
    tells_of_rows = True
    sentence = "Bucket {bucket} has {found} keys and room for {limit}."
    remedy = "Run the job again, which draws a new salt; if it happens twice, report it."


class PaddingAboveCap(InputError):
    """The sets are so unequal that the receiver's, with the dummies that hide its buckets, is far above its row cap.

    A receiver could put keys in place of the dummies, so the cap would bound nothing.
    """

    code = "psi.padding_above_cap"
    sentence = "The receiver's {rows} rows take up {found} places in {buckets} buckets, and at most {limit} rows were agreed."
    remedy = "Choose a protocol for unequal sets, or raise the receiver's row cap in the plan to the number of places."


class ForeignCheckpoint(IntegrityError):
    """A checkpoint belongs to another run: another seed, plan, place or set, or a damaged file."""

    code = "psi.foreign_checkpoint"
    sentence = "The checkpoint does not belong to this run of the intersection."
    remedy = "Start a new attempt with a fresh seed; a resume needs the same input and the same seed."


# -- what the other side sends -------------------------------------------------------------------------------------------------


class PeerSetTooLarge(PeerError):
    """The other side announced more rows than were agreed."""

    code = "psi.peer_set_too_large"
    sentence = "{party} announced {found} rows, and at most {limit} were agreed."
    remedy = "End the job; the other side runs outside the plan that it signed."


class BadElement(PeerError):
    """Something that should be a masked key is no element of the group, not in its one encoding, or the identity."""

    code = "psi.bad_element"
    sentence = "{party} sent something at place {position} that is not an element of the group."
    remedy = "End the job; the other side is broken or hostile."
    party: str
    position: int


class RepeatedElement(PeerError):
    """The other side sent one value twice in a list whose values all differ; a replayed frame looks like this."""

    code = "psi.repeated_element"
    sentence = "{party} sent the same value again at place {position}."
    remedy = "End the job; the other side did not remove duplicates, replays frames, or tries to mark items."
    party: str
    position: int
