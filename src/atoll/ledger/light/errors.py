"""What can be wrong with a light block, its votes, and the way to it from what is trusted."""

from __future__ import annotations

from atoll.errors import InputError, IntegrityError


class LightJsonError(InputError):
    """An answer of a CometBFT node is not of its form."""

    code = "light.malformed"
    sentence = "The answer of the CometBFT node cannot be read: {reason}."
    remedy = "Ask a node of the pinned version (`cometbft version`), and see that nothing on the way changes its answers."


class LightError(IntegrityError):
    """A light block does not prove what it says."""


class BrokenLightBlock(LightError):
    """Header, votes and validators are not of one block of this ledger."""

    code = "light.broken"
    sentence = "The light block of height {height} does not hold together: {reason}."
    remedy = "Do not rely on it; get it again from another validator's node."


class VoteSignatureError(LightError):
    """A vote is not signed by the validator in whose place it stands, which voids the light block."""

    code = "light.bad_signature"
    sentence = "The vote of validator {address} at height {height} is not signed with its key."
    remedy = "Do not rely on the light block; get it again from another validator's node."


class VotePowerError(LightError):
    """Too few of the block's own validators voted for it."""

    code = "light.no_quorum"
    sentence = "For the block of height {height}, power {found} of {total} voted; it must be more than two thirds."
    remedy = "No honest validator takes such a block for decided; do not rely on it."


class TrustGapError(LightError):
    """Too few of the validators trusted so far voted for a block further on."""

    code = "light.no_trust"
    sentence = "For the block of height {height}, trusted power {found} of {total} voted; it must be more than a third."
    remedy = "Verify a block in between first; who validates has changed too much for one step."


class NotFollowing(LightError):
    """A header does not come after the trusted one as it should."""

    code = "light.not_following"
    sentence = "The header of height {height} does not follow the trusted one of height {trusted}: {reason}."
    remedy = "Get the headers again from another validator's node; two that contradict each other are for the auditor."


class TrustExpired(LightError):
    """The trusted header is older than the trusting period."""

    code = "light.expired"
    sentence = "The trusted header of height {height} is older than the trusting period of {seconds} s."
    remedy = (
        "Get a newer header from a source you trust as you trusted the first; validators of long ago risk nothing by lying."
    )
