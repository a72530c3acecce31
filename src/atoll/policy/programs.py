"""Programs that a job would run on own data, and that nobody here has reviewed.

A program on secret shares can compute anything, also a single row out of a sum. What a plan says of it (that only aggregates
leave, for example) is read off its operations and is no more than necessary; whether it does what it should, a person reads. So
an owner's node never consents to a digest that no person of the owner has reviewed.
"""

from __future__ import annotations

from atoll.policy.question import Question


def unreviewed(question: Question) -> dict[str, str]:
    """Programs on this organisation's data that no person here has reviewed: name by digest, in hexadecimal."""
    asked = {one.program: one.name for one in question.demands if one.owner_org == question.me and one.program}
    known = question.rules.programs or frozenset()
    return {digest.hex(): name for digest, name in asked.items() if digest.hex() not in known and not question.reviewed(digest)}
