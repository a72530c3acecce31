"""What can go wrong in an intersection of many."""

from __future__ import annotations

from atoll.errors import InputError, IntegrityError, PeerError

# -- what the caller brings ----------------------------------------------------------------------------------------------------


class TooManyRows(InputError):
    """The caller has more rows than it agreed to bring."""

    code = "psi_multi.too_many_rows"
    sentence = "There are {found} rows with a key, and at most {limit} were agreed."
    remedy = "Raise the row cap in the plan, or bring a smaller set."


class BucketOverflow(InputError):
    """More keys fell into one bucket than it is padded to; by chance in one run of 2^40."""

    code = "psi_multi.bucket_overflow"
    sentence = "Bucket {bucket} has {found} keys and room for {limit}."
    remedy = "Run the job again, which draws a new salt; if it happens twice, report it."


class ForeignCheckpoint(IntegrityError):
    """A checkpoint belongs to another run: another seed, plan, place or set, or a damaged file."""

    code = "psi_multi.foreign_checkpoint"
    sentence = "The checkpoint does not belong to this run of the intersection."
    remedy = "Start a new attempt with a fresh seed; a resume needs the same input and the same seed."


# -- what the other side sends -------------------------------------------------------------------------------------------------


class PeerSetTooLarge(PeerError):
    """Another party announced more rows than were agreed."""

    code = "psi_multi.peer_set_too_large"
    sentence = "{party} announced {found} rows, and at most {limit} were agreed."
    remedy = "End the job; that party runs outside the plan that it signed."


class BrokenCorrelation(PeerError):
    """What another party sent for the correlated randomness is malformed."""

    code = "psi_multi.broken_correlation"
    sentence = "{party} sent a message that its part of the correlated randomness cannot have."
    remedy = "End the job; the other side is broken or hostile."
