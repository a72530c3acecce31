"""What can go wrong beyond the errors of every intersection by Diffie-Hellman."""

from __future__ import annotations

from atoll.errors import PeerError


class BadRecord(PeerError):
    """The sender's record for a matched key does not open: its tag and its payload are of different keys, or it was changed."""

    code = "psi_payload.bad_record"
    tells_of_rows = True
    sentence = "{party} sent a payload at place {position} that does not open."
    remedy = "End the job; the other side is broken or hostile. Nothing of what it sent was released."
    position: int
