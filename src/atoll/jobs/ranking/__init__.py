"""Ranking: who of several organisations offers most, among three compute nodes that see no offer.

    spec     what a person says        plan     what the plan says, and all that follows from it
    leakage  what each place learns    kind     the plan, judged
    opening  which bids count         program  a place's part in the run

What is computed is a program of the library (`atoll.programs.library.ranking`), on values to which their bidders committed on
the ledger before the deadline (`atoll.jobs.bids`). Specification: specs/ranking.md.
"""

from atoll.jobs.ranking.kind import Ranking
from atoll.jobs.ranking.plan import KIND
from atoll.jobs.ranking.spec import RankingSpec

__all__ = ["KIND", "Ranking", "RankingSpec"]
