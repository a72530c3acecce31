"""Registration, as far as it is thought and not done: which versions may be near each other, what a count says, what a lineage
looks like to others.

    inputs        what of a fingerprint goes through the members' OPRF
    words         a finding in plain words, and what to do next
    lineage       versions, jobs and the edges between them
    prov          the same as a PROV-O document

Pure. Specification: specs/registration.md.
"""

from atoll.exchange.registration.inputs import tag_inputs
from atoll.exchange.registration.lineage import Edge, Lineage, trace_lineage
from atoll.exchange.registration.near import Shares, may_be_near, shares_to_state
from atoll.exchange.registration.prov import lineage_to_prov
from atoll.exchange.registration.words import Told, tell_finding
from atoll.policy.candidates import Profile, is_candidate

__all__ = [
    "Edge",
    "Lineage",
    "Profile",
    "Shares",
    "Told",
    "is_candidate",
    "lineage_to_prov",
    "may_be_near",
    "shares_to_state",
    "tag_inputs",
    "tell_finding",
    "trace_lineage",
]
