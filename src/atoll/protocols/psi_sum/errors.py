"""What can go wrong beyond the errors of every intersection by Diffie-Hellman."""

from __future__ import annotations

from atoll.errors import InputError, PeerError


class TotalTooWide(InputError):
    """The values of as many keys as can match may add up to what the receiver cannot find. How large they are is not said."""

    code = "psi_sum.total_too_wide"
    tells_of_rows = True
    sentence = "The values of {keys} keys can add up to a number that does not fit into {bits} bits."
    remedy = "Agree on a wider sum (--total-bits, up to 48), fewer digits behind the point, or fewer keys at once."


class BadPublicKey(PeerError):
    """The key under which values are encrypted is not an element of the group."""

    code = "psi_sum.bad_public_key"
    sentence = "{party} sent a key for its values that is not an element of the group."
    remedy = "End the job; the other side is broken or hostile."


class BadAggregate(PeerError):
    """What the receiver wants to have opened is no element of the group."""

    code = "psi_sum.bad_aggregate"
    sentence = "{party} wants to have opened what is no element of the group."
    remedy = "End the job; the other side is broken or hostile."


class BadShare(PeerError):
    """What the sender sent to open the sum is not an element of the group."""

    code = "psi_sum.bad_share"
    sentence = "{party} sent a share that is not an element of the group."
    remedy = "End the job; the other side is broken or hostile."
