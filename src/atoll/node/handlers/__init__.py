"""The handlers of all routes, one file a subject."""

from atoll.node.handlers.catalogue import CatalogueHandlers
from atoll.node.handlers.datasets import DatasetHandlers
from atoll.node.handlers.disputes import DisputeHandlers
from atoll.node.handlers.foreign import ForeignHandlers
from atoll.node.handlers.grading import GradingHandlers
from atoll.node.handlers.grants import GrantHandlers
from atoll.node.handlers.jobs import JobHandlers
from atoll.node.handlers.ledger import LedgerHandlers
from atoll.node.handlers.members import MemberHandlers
from atoll.node.handlers.motions import MotionHandlers
from atoll.node.handlers.node import NodeHandlers
from atoll.node.handlers.orders import OrderHandlers
from atoll.node.handlers.programs import ProgramHandlers
from atoll.node.handlers.quality import QualityHandlers
from atoll.node.handlers.rights import RightHandlers
from atoll.node.handlers.standing import StandingHandlers


class Handlers(
    NodeHandlers,
    MemberHandlers,
    MotionHandlers,
    DatasetHandlers,
    DisputeHandlers,
    ForeignHandlers,
    CatalogueHandlers,
    GradingHandlers,
    QualityHandlers,
    GrantHandlers,
    RightHandlers,
    OrderHandlers,
    JobHandlers,
    ProgramHandlers,
    LedgerHandlers,
    StandingHandlers,
):
    """One method a route, named as in the table of routes."""


__all__ = ["Handlers"]
