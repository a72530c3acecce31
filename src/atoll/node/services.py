"""The services of one node, joined for the gateway."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from atoll.api.models import DoctorFinding, Status
from atoll.node.budgets import Budgets
from atoll.node.catalogue import Catalogue
from atoll.node.datasets import Datasets
from atoll.node.disputes import Disputes
from atoll.node.duties import Duties
from atoll.node.evidence import Evidence
from atoll.node.foreign.assemble import ForeignCheck
from atoll.node.gradings import Gradings
from atoll.node.grants import Grants
from atoll.node.histories import Histories
from atoll.node.jobs import Jobs
from atoll.node.ledgerdesk import LedgerDesk
from atoll.node.ledgerproofs import LedgerProofs
from atoll.node.ledgerwatch import LedgerWatch
from atoll.node.membership import Membership
from atoll.node.motions import Motions
from atoll.node.orders import OrderDesk
from atoll.node.profiles import Profiles
from atoll.node.programs import Programs
from atoll.node.proposals import Proposals
from atoll.node.quality import Quality
from atoll.node.rights import Rights
from atoll.node.standing import StandingConsents
from atoll.node.tlog.assemble import PublishedLog
from atoll.storage.store import NodeStore


@dataclass(frozen=True, slots=True)
class Services:
    """What the gateway calls."""

    store: NodeStore
    membership: Membership
    motions: Motions
    datasets: Datasets
    catalogue: Catalogue
    gradings: Gradings
    profiles: Profiles
    quality: Quality
    grants: Grants
    budgets: Budgets
    orders: OrderDesk
    rights: Rights
    standing: StandingConsents
    duties: Duties
    proposals: Proposals
    jobs: Jobs
    programs: Programs
    tlog: PublishedLog
    foreign: ForeignCheck
    proofs: LedgerProofs
    watch: LedgerWatch
    ledger: LedgerDesk
    disputes: Disputes
    histories: Histories
    evidence: Evidence
    status: Callable[[], Status]
    doctor: Callable[[], Awaitable[list[DoctorFinding]]]
