"""Whether this node publishes the log, and whose cosignatures a published checkpoint needs."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from atoll.ledger.errors import PolicyFormatError
from atoll.ledger.tlog_policy import Policy, parse_policy
from atoll.node.tlog.errors import BadWitnessPolicy, WitnessesRequired

EVERY_SECONDS = 2


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Section [tlog] of `atoll.toml`."""

    publish: bool = True
    """Whether the log is published at all."""
    witnesses: Path | None = None
    """A tlog-policy: outside witnesses with their addresses, and how many of them make a quorum."""
    certificates: tuple[Path, ...] = ()
    """Certificates (DER) of witnesses that have none from an authority."""
    every_seconds: int = EVERY_SECONDS
    """How often a new checkpoint is published at the most."""


def load_witness_policy(settings: LogSettings, *, test: bool) -> Policy | None:
    """The policy that published checkpoints must satisfy; None where the members' own quorum is all.

    Args:
        settings: of this node.
        test: whether the consortium is one for tests.

    Raises:
        BadWitnessPolicy: the file cannot be read, or names no witness to ask.
        WitnessesRequired: its quorum is `none`, and this is no test.
    """
    if settings.witnesses is None:
        return None
    try:
        policy = parse_policy(settings.witnesses.read_bytes())
    except (OSError, PolicyFormatError) as err:
        raise BadWitnessPolicy(path=settings.witnesses, reason=str(err).rstrip(".")) from err
    if not policy.needs_witnesses and not test:
        raise WitnessesRequired(path=settings.witnesses)
    if not any(one.url for one in policy.witnesses):
        raise BadWitnessPolicy(path=settings.witnesses, reason="none of its witnesses has an address")
    return policy


def witness_tls(certificates: Iterable[Path]) -> ssl.SSLContext:
    """TLS settings for asking witnesses: the system's roots, and these certificates.

    Cosignatures carry their own proof, so TLS adds privacy and keeps meddlers out; it is not what a cosignature rests on.

    Raises:
        BadWitnessPolicy: one of the files is no certificate.
    """
    context = ssl.create_default_context()
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # a certificate of its own is its own anchor
    for path in certificates:
        try:
            context.load_verify_locations(cadata=path.read_bytes())
        except (OSError, ValueError) as err:  # ssl.SSLError is an OSError
            raise BadWitnessPolicy(path=path, reason="it is no certificate in DER, or cannot be read") from err
    return context
