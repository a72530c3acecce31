"""Similarity: the owner of a registered version counts what a later version has in common with it, and sees no row.

    spec     what is compared, and how closely
    kind     the plan, judged and run: `atoll.protocols.psi_cardinality` over what stands in the two fingerprints

A node proposes these jobs by itself (`atoll.node.duplicates`); the ledger bounds them (`atoll.ledger.rules.check`); the later
version's node answers by rule (`atoll.policy.similarity`). Specification: specs/registration.md.
"""

from atoll.jobs.similarity.kind import PURPOSE, Similarity
from atoll.jobs.similarity.spec import SAMPLE_ROWS, SimilaritySpec, rows_cap, scale_of

__all__ = ["PURPOSE", "SAMPLE_ROWS", "Similarity", "SimilaritySpec", "rows_cap", "scale_of"]
