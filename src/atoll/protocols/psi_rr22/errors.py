"""What can go wrong beyond the errors of every bucketed intersection and of the kernels."""

from __future__ import annotations

from atoll.errors import InputError, PeerError


class TooManyForVariant(InputError):
    """The sender has more rows than the low-communication variant may be used for."""

    code = "psi_rr22.too_many_for_variant"
    sentence = "The sender announced {found} rows, and the low-communication variant is safe for {limit}."
    remedy = "Choose the fast variant, or cut the sender's set."


class TermsDiffer(PeerError):
    """The other side runs another form of the protocol than was agreed."""

    code = "psi_rr22.terms_differ"
    sentence = "{party} runs version {version}, {mode}, {variant}, which is not what was agreed."
    remedy = "End the job; the other side runs outside the plan that it signed."


class CoinChanged(PeerError):
    """The sender opened another share of a coin than it had promised, as if to choose the coin."""

    code = "psi_rr22.coin_changed"
    sentence = "{party} opened another share of the coin of bucket {bucket} than it had promised."
    remedy = "End the job; the other side is faulty or hostile: show the auditor its log."
