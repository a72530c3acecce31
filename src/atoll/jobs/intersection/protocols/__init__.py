"""The intersection protocols of this version: a closed table. A new protocol is a file here and a line below.

`adapter` says what a file must tell the job kind: what it gives, to how many, what it leaks, what it costs, how to run it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from atoll.jobs.intersection.protocols.adapter import Adapter, Found, Run
from atoll.jobs.intersection.protocols.psi_cardinality import PsiCardinality
from atoll.jobs.intersection.protocols.psi_ecdh import PsiEcdh
from atoll.jobs.intersection.protocols.psi_multi import PsiMulti
from atoll.jobs.intersection.protocols.psi_oprf import PsiOprf
from atoll.jobs.intersection.protocols.psi_payload import PsiPayload
from atoll.jobs.intersection.protocols.psi_rr22 import PsiRr22
from atoll.jobs.intersection.protocols.psi_sum import PsiSum

PROTOCOLS: Mapping[str, Adapter] = MappingProxyType(
    {
        one.name: one
        for one in (
            PsiRr22(),
            PsiEcdh(),
            PsiOprf(),
            PsiPayload(),
            PsiCardinality(),
            PsiSum(),
            PsiMulti(),
        )
    }
)
"""Every protocol by name."""

__all__ = ["PROTOCOLS", "Adapter", "Found", "Run"]
