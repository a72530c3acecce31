"""The decision table is what the evaluator answers, and the context names every own term."""

from __future__ import annotations

import json

from atoll.policy.odrl.profile import NAMESPACE, PROFILE
from tools import docs_odrl


def test_the_committed_page_and_context_are_what_the_code_answers() -> None:
    assert docs_odrl.main(["--check"]) == 0


def test_the_context_names_every_own_operand() -> None:
    named = set(json.loads(docs_odrl.write_context())["@context"].values())
    assert {one.iri for one in PROFILE.values() if one.iri.startswith(NAMESPACE)} <= named
