"""What the doctor says of a quorum: who is missing, and whether anything can be confirmed without them."""

from __future__ import annotations

import pytest

from atoll.ledger.records import ConsensusSet, EngineKind, Validator
from atoll.node.doctor import look_at_quorum, unreached

ORGS = ("bank", "bureau", "operator", "telecom")


def four(engine: EngineKind) -> ConsensusSet:
    validators = tuple(Validator(org=one, cosign=bytes([at]) * 32, consensus=bytes(32)) for at, one in enumerate(ORGS, 1))
    return ConsensusSet(term=1, sequencer="operator", log=bytes(32), validators=validators, engine=engine)


@pytest.mark.parametrize(
    ("engine", "connected", "ok", "found"),
    [
        (EngineKind.EMBEDDED, ("bureau", "operator", "telecom"), True, "3 of 3 needed, 3 reached"),
        (EngineKind.EMBEDDED, ("operator", "telecom"), False, "3 of 3 needed, 2 reached; not bureau"),
        (EngineKind.EMBEDDED, ("bureau", "telecom"), False, "3 of 3 needed, 3 reached; not operator"),
        (EngineKind.COMETBFT, ("bureau", "telecom"), True, "3 of 4 needed, 3 reached; not operator"),
        (EngineKind.COMETBFT, ("telecom",), False, "3 of 4 needed, 2 reached; not bureau, operator"),
        (EngineKind.COMETBFT, ("bureau", "operator", "telecom", "auditor"), True, "3 of 4 needed, 4 reached"),
    ],
)
def test_a_quorum_is_missing_where_too_few_are_reached_or_nobody_orders(
    engine: EngineKind, connected: tuple[str, ...], ok: bool, found: str
) -> None:
    consensus = four(engine)
    finding = look_at_quorum(consensus, unreached(consensus, "bank", connected))
    assert (finding.ok, finding.found) == (ok, found)
