"""Bundles under a header of CometBFT: alone where the agreement names no outsiders, beside a checkpoint of the same state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.foreign.agreement import parse_agreement
from atoll.ledger.foreign.bundle import Anchor, Bundle, encode_bundle, make_bundle
from atoll.ledger.foreign.claims import claims_in
from atoll.ledger.foreign.errors import BadBundle
from atoll.ledger.foreign.verify import Shown, verify_bundle
from tests.unit.evidence.header_world import HeaderWorld
from tests.unit.foreign.bay import AGE, EAST, Bay, agreeing, agreement_text, fingerprint

WORLD = HeaderWorld()
ORIGIN = WORLD.founding.chain_id
KEYS = ", ".join(f'"{one.consensus.hex()}"' for one in WORLD.ledger.consensus.counted())
SECTION = f'[[consortium]]\norigin = "{ORIGIN}"\nurls = ["https://{ORIGIN}"]\nvalidators = [{KEYS}]\n'
AGREEMENT = parse_agreement(agreement_text(Bay(EAST).section(), SECTION))
for org, body in agreeing(AGREEMENT.terms(ORIGIN)):
    WORLD.do(org, body)
NOW = WORLD.ledger.time + 2
"""All vote two seconds after the block."""


def bundle(*, by: tuple[str, ...] | None = None, **changes: object) -> Bundle:
    tree = WORLD.ledger.tree
    anchor = Anchor(state_root=tree.root, seal=WORLD.header_seal(by=by).encode())
    anchor = replace(anchor, **changes)  # type: ignore[arg-type]  # as the test says
    claims = claims_in(tree)
    return make_bundle(fingerprint(), anchor=anchor, tree=tree, claims=claims, face=None, stamp=b"", expiry=NOW + AGE)


def verify(one: Bundle) -> Shown:
    return verify_bundle(encode_bundle(one), origin=ORIGIN, fingerprint=fingerprint(), agreement=AGREEMENT, now=NOW)


def test_a_header_with_the_votes_of_more_than_two_thirds_anchors_absence() -> None:
    shown = verify(bundle(by=("operator", "bank", "bureau")))
    assert (shown.face, shown.at, shown.seen_at) == (None, NOW, NOW)


def test_a_header_with_too_few_votes_or_over_another_state_is_refused() -> None:
    for bad in (bundle(by=("operator", "bank")), bundle(state_root=bytes(32)), bundle(seal=b"")):
        with pytest.raises(BadBundle):
            verify(bad)


def test_two_anchors_must_name_one_state() -> None:
    checkpoint = Bay(EAST)
    note = checkpoint.note((NOW, NOW, NOW)).encode()
    with pytest.raises(BadBundle):
        verify(bundle(note=note, summary=checkpoint.summary()))
    east = replace(
        checkpoint.bundle(), anchor=replace(checkpoint.anchor(checkpoint.note((NOW,) * 3)), seal=bundle().anchor.seal)
    )
    with pytest.raises(BadBundle, match="validators that the agreement names"):
        verify_bundle(encode_bundle(east), origin=EAST, fingerprint=fingerprint(), agreement=AGREEMENT, now=NOW)
