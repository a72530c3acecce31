"""Evidence: what became of one job, for somebody who has one trust file and nothing else.

    bundle = export_evidence(source, job_id)                           # at a node
    finding = verify_evidence(bundle, parse_trust_file(text))          # anywhere, offline
    print(narrate(finding))                                            # for people

| module | its one idea |
|---|---|
| `trust` | the trust file: whom to believe, as a C2SP tlog-policy |
| `bundle` | the container: a flipped byte is answered with the entry it is in |
| `parts`, `names` | what is inside an entry, and what entries are called |
| `anchor` | from the trust file to the members that count, and to the checkpoint that they cosigned |
| `acts` | a signed act: logged, carried out, signed with a key in force |
| `verify`, `finding` | the whole argument, and what it gives |
| `export`, `anchored`, `history`, `steps` | making a bundle from a node's own copy of the ledger |
| `members` | who counts now, so that other proofs verify from the founders' trust file |
| `narrative` | the finding as a page that a lawyer can read |
| `rights`, `rights_export` | who held what after a past block, and every state that a right has had |
"""

from atoll.ledger.evidence.export import export_evidence
from atoll.ledger.evidence.finding import Finding
from atoll.ledger.evidence.history import EvidenceSource
from atoll.ledger.evidence.members import MembersFinding, export_members, verify_members
from atoll.ledger.evidence.narrative import narrate
from atoll.ledger.evidence.rights import Held, RightsFinding, verify_rights
from atoll.ledger.evidence.rights_export import export_right_history, export_rights
from atoll.ledger.evidence.trust import TrustFile, encode_trust_file, parse_trust_file
from atoll.ledger.evidence.verify import verify_evidence, verify_result_opening

__all__ = [
    "EvidenceSource",
    "Finding",
    "Held",
    "MembersFinding",
    "RightsFinding",
    "TrustFile",
    "encode_trust_file",
    "export_evidence",
    "export_members",
    "export_right_history",
    "export_rights",
    "narrate",
    "parse_trust_file",
    "verify_evidence",
    "verify_members",
    "verify_result_opening",
    "verify_rights",
]
