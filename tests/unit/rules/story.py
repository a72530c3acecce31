"""A ledger's whole life in forty transactions; prints what every member must agree on.

Run as a program by `test_determinism.py`, in processes that hash text differently.
"""

from __future__ import annotations

from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.grant import RevokeGrant
from atoll.ledger.rules.job import FailJob, RefuseJob, StartJob, WithdrawJob
from atoll.ledger.rules.membership import SetEndpoints
from atoll.primitives.smt import Tree
from atoll.trust.keys import Purpose
from tests.unit.rules.lagoon import CUSTOMERS, FILES, GRANT, Lagoon, consent, enrolment, new_key, proposal, receipt


def live() -> tuple[Lagoon, bytes]:
    """The ledger at the end, and the outcome of every transaction, a byte each."""
    lagoon = Lagoon(roles={"telecom": ("user", "owner"), "auditor": ("regulator", "auditor")})
    hospital = lagoon.founding.add("hospital")
    invite = lagoon.invite(hospital)
    lagoon.do("hospital", enrolment(hospital, invite.expose_secret()))
    lagoon.with_grant(uses=2).cap(FILES, "uses", 2).cap(CUSTOMERS, "rows", 9000)
    lagoon.rotate("bank", Purpose.COSIGN, new_key(Purpose.COSIGN))
    numbers = []
    for at in range(1, 6):
        job_id = bytes([at]) * 16
        bodies = [
            ("bank", proposal(job_id=job_id, parties=("bank", "bureau", "hospital"), receivers=("bank",))),
            ("hospital", consent(job_id=job_id)),
            ("bureau", consent(job_id=job_id)),
            ("bank", consent(job_id=job_id)),
            ("bank", WithdrawJob(job_id=job_id) if at == 1 else SetEndpoints(peer="", https="")),
            ("bureau", RefuseJob(job_id=job_id, code="policy.local") if at == 2 else SetEndpoints(peer="", https="")),
            ("bureau", StartJob(job_id=job_id)),
            ("telecom", receipt(job_id=job_id)),
            ("hospital", receipt(job_id=job_id)),
            ("bank", FailJob(job_id=job_id, code="job.died") if at == 3 else receipt(job_id=job_id)),
            ("bureau", receipt(job_id=job_id)),
        ]
        for org, body in bodies:
            numbers.append(lagoon.submit(lagoon.founding.sign(org, body)).number)
            lagoon.later(heights=at % 2)
    lagoon.do("bureau", RevokeGrant(grant=GRANT)).do("bank", WithdrawDataset(dataset=CUSTOMERS))
    return lagoon, bytes(numbers)


def main() -> None:
    lagoon, numbers = live()
    print(Tree.empty().put_many(lagoon.records()).root.hex(), numbers.hex())


if __name__ == "__main__":
    main()
