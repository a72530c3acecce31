"""What can go wrong beyond the errors of every bucketed intersection."""

from __future__ import annotations

from atoll.errors import PeerError


class BrokenCorrelation(PeerError):
    """What another party sent for the correlated randomness is malformed."""

    code = "psi_multi.broken_correlation"
    sentence = "{party} sent a message that its part of the correlated randomness cannot have."
    remedy = "End the job; the other side is broken or hostile."
