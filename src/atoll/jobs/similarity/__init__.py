"""Similarity: the owner of a registered version counts what a later version has in common with it, and sees no row.

    spec     what is compared, and how closely
    kind     the plan, judged and run: `atoll.protocols.psi_cardinality` over the digests of rows that the two
             fingerprints hold, as many as the cards' sizes say, chosen under the plan's digest

A node proposes these jobs by itself (`atoll.node.duplicates`); the ledger bounds them (`atoll.ledger.rules.check`); the later
version's node answers by rule (`atoll.policy.similarity`). Specification: specs/registration.md.
"""

from atoll.jobs.similarity.kind import PURPOSE, Similarity
from atoll.jobs.similarity.spec import SimilaritySpec

__all__ = ["PURPOSE", "Similarity", "SimilaritySpec"]
