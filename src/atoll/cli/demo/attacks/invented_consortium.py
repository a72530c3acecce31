"""An invented consortium: a bundle in which every signature, proof and cosignature holds, under keys that somebody made up."""

from __future__ import annotations

from atoll.cli.demo.exchange import Exchange
from atoll.cli.demo.findings import Attack
from atoll.cli.demo.forgery import Forgery
from atoll.cli.demo.proof import trust_file, verify_elsewhere
from atoll.cli.demo.stage import Stage
from atoll.ledger.evidence import encode_trust_file
from atoll.ledger.evidence.errors import ForeignConsortium

NAME = "invented_consortium"
TITLE = "Evidence of a consortium that somebody invented, consistent in itself"


def run(stage: Stage, exchange: Exchange) -> Attack:  # noqa: ARG001 - every attack is called alike
    """It verifies under its own trust file, so nothing is wrong with it; under the founders' trust file it must not."""
    with stage.screen.step("invent keys for all five, a ledger, a job, receipts; export its evidence"):
        forgery = Forgery(stage.consortium.genesis)
        bundle = forgery.tell()
    with stage.screen.step("verify it, with its own trust file and with the founders', each in a fresh process"):
        believed = verify_elsewhere(bundle, encode_trust_file(*forgery.genesis))
        verdict = verify_elsewhere(bundle, trust_file(stage))
    return Attack(
        name=NAME,
        caught=believed.verified and not verdict.verified and verdict.code == ForeignConsortium.code,
        code=verdict.code,
        seen=f"verified under its own trust file; under the founders': {verdict.sentence}",
    )
