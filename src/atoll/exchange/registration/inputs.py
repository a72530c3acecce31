"""What of a fingerprint goes through the members' threshold OPRF."""

from __future__ import annotations

from atoll.exchange.fingerprint import TablePrint
from atoll.ledger.records import Layer

_DOMAIN = b"ATOLL-V1-REGISTRATION-"


def tag_inputs(table: TablePrint) -> tuple[bytes, bytes, bytes]:
    """One input a `Layer`, in its order; two layers never have one input, so a tag tells its layer.

    The digests of guessable tables can be guessed; under the members' key, nobody can try guesses without asking them, a
    logged and limited number of times.
    """
    digests = {Layer.BYTES: table.bytes_sha256, Layer.CONTENT: table.content_root, Layer.NAMELESS: table.nameless_root}
    first, second, third = (_DOMAIN + layer.encode() + b"\x00" + digests[layer] for layer in Layer)
    return first, second, third
