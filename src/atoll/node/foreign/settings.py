"""The agreement and the key of this node: section [foreign] of `atoll.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from atoll.ledger.foreign.agreement import Agreement, Consortium, parse_agreement
from atoll.ledger.foreign.errors import BadAgreement, UnknownConsortium
from atoll.ledger.foreign.fingerprint import KEY_BYTES, derive_key_id
from atoll.node.foreign.errors import BadForeignSettings

PATIENCE_SECONDS = 120
"""How long a registration waits beyond what the agreement makes it wait."""


@dataclass(frozen=True, slots=True)
class ForeignSettings:
    """What `atoll.toml` says; paths are not read yet."""

    agreement: Path | None = None
    """The consortia's agreement; none: no check across consortia."""
    key: Path | None = None
    """The key that fingerprints are made with, hexadecimal; a node that only shows its ledger needs none."""
    certificates: tuple[Path, ...] = ()
    """Certificates (DER) of other consortia's nodes that have none from an authority."""
    patience_seconds: int = PATIENCE_SECONDS


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a node needs to show and to ask."""

    agreement: Agreement
    own: Consortium
    """This consortium, as the agreement has it."""
    key: bytes
    """Empty where this node registers nothing."""

    @property
    def others(self) -> tuple[Consortium, ...]:
        """The other consortia."""
        return self.agreement.others(self.own.origin)

    def __repr__(self) -> str:
        return f"Foreign({self.own.origin!r})"


def load_foreign(settings: ForeignSettings, *, origin: str) -> Foreign | None:
    """The agreement and the key; None where the node has no agreement.

    Raises:
        BadForeignSettings: a file cannot be read, the key is not the agreement's, or the agreement is of others.
    """
    if settings.agreement is None:
        return None
    try:
        agreement = parse_agreement(settings.agreement.read_bytes())
        own = agreement.of(origin)
        key = bytes.fromhex(settings.key.read_text("ascii").strip()) if settings.key else b""
    except (BadAgreement, UnknownConsortium) as err:
        raise BadForeignSettings(reason=str(err).rstrip(".")) from err
    except (OSError, ValueError) as err:
        raise BadForeignSettings(reason=f"agreement or key cannot be read ({type(err).__name__})") from err
    if key and (len(key) != KEY_BYTES or derive_key_id(key) != agreement.key_id):
        raise BadForeignSettings(reason="the key is not the one that the agreement names")
    return Foreign(agreement, own, key)


def parse_continuations(texts: Mapping[str, str]) -> dict[str, bytes]:
    """Origin -> signature, from hexadecimal; what is none is left out, and then counts for nothing."""
    found = {}
    for origin, text in texts.items():
        try:
            found[origin] = bytes.fromhex(text)
        except ValueError:
            continue
    return found
