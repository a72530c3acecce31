"""What can go wrong beyond the errors of every intersection by Diffie-Hellman."""

from __future__ import annotations

from atoll.errors import InputError, PeerError


class ValueTooWide(InputError):
    """A key's value does not fit into the agreed width. Which one and how large is not said."""

    code = "psi_sum.value_too_wide"
    tells_of_rows = True
    sentence = "Some value does not fit into {bits} bits."
    remedy = "Agree on wider values in the plan, or sum in larger units."


class BadPublicKeys(PeerError):
    """The keys under which values are encrypted are not elements of the group."""

    code = "psi_sum.bad_public_keys"
    sentence = "{party} sent keys for its values that are not elements of the group."
    remedy = "End the job; the other side is broken or hostile."


class BadAggregate(PeerError):
    """The receiver asks for a sum that it cannot have: too few keys, more than there are, or nothing that decrypts."""

    code = "psi_sum.bad_aggregate"
    sentence = "{party} asked for a sum over {count} keys: {reason}."
    remedy = "End the job; the other side is broken or hostile, and perhaps asks for the values of single keys."


class BadSum(PeerError):
    """The sender's sum is larger than so many values of the agreed width can be, or there when it was not asked for."""

    code = "psi_sum.bad_sum"
    sentence = "{party} sent a sum that cannot be: {reason}."
    remedy = "End the job; the other side is broken or hostile."
