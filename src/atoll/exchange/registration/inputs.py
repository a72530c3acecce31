"""What of a fingerprint goes through the members' threshold OPRF."""

from __future__ import annotations

import hmac

from atoll.exchange.fingerprint import LEAST_DISTINCT_ROWS, TablePrint
from atoll.ledger.records import Layer

_DOMAIN = b"ATOLL-V1-REGISTRATION-"
_FEW_ROWS = b"ATOLL-V1-REGISTRATION-FEW-ROWS"


def tag_inputs(table: TablePrint, *, seed: bytes) -> tuple[bytes, bytes, bytes]:
    """One input a `Layer`, in its order; two layers never have one input, so a tag tells its layer.

    The digests of guessable tables can be guessed; under the members' key, nobody can try guesses without asking them, a
    logged and limited number of times. Tables of few different rows are alike by chance without the names of their columns
    (calendars, lists of codes), so in place of that digest goes what no other registration has.

    Args:
        table: the fingerprint.
        seed: 32 random bytes of this registration alone, kept until it is done: asked again, it asks for the same.
    """
    digests = {Layer.BYTES: table.bytes_sha256, Layer.CONTENT: table.content_root, Layer.NAMELESS: table.nameless_root}
    if table.distinct_rows < LEAST_DISTINCT_ROWS:
        digests[Layer.NAMELESS] = hmac.digest(seed, _FEW_ROWS, "sha256")
    first, second, third = (_DOMAIN + layer.encode() + b"\x00" + digests[layer] for layer in Layer)
    return first, second, third
