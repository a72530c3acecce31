"""Private intersection: the receiver learns which of its identifiers an owner has too; the owner learns nothing of the result.

`spec` is what a person says, `kind` makes it a plan, judges such plans and runs them over `atoll.protocols.psi_ecdh`.
"""

from atoll.jobs.intersection.kind import Intersection
from atoll.jobs.intersection.spec import IntersectionSpec, KeyInput

__all__ = ["Intersection", "IntersectionSpec", "KeyInput"]
