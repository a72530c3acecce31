"""The algebra of rights: what may be made from what, whether a right holds, and why not. Pure, and bounded by MAX_CHAIN.

kinds    which kind may be given from which            within   whether a new right stays inside its parent
chain    the way up to the root, walked every time      grants   what a right carries of a grant
"""

from atoll.ledger.rights.chain import (
    chain_of,
    children_of,
    why_leased_out,
    why_not_in_force,
    why_not_own_use,
)
from atoll.ledger.rights.grants import why_grant_fell, why_not_grantable
from atoll.ledger.rights.kinds import COUNTED, GIVES, LEASED, exclusive_against
from atoll.ledger.rights.within import Extent, standing_lease, why_no_room, why_not_within

__all__ = [
    "COUNTED",
    "GIVES",
    "LEASED",
    "Extent",
    "chain_of",
    "children_of",
    "exclusive_against",
    "standing_lease",
    "why_grant_fell",
    "why_leased_out",
    "why_no_room",
    "why_not_grantable",
    "why_not_in_force",
    "why_not_own_use",
    "why_not_within",
]
