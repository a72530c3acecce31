"""Requests and responses of the node's HTTPS API, version 1.

Binary identifiers travel as lower-case hex, times as Unix seconds. Errors are problem+json (`Problem`). One model serves node
and client, so they cannot disagree; the OpenAPI document is printed from these.

One file a subject; all names are found here.
"""

from atoll.api.models.base import Model, Problem, Receipt
from atoll.api.models.budgets import BudgetInfo, BudgetRequest, RefundRequest, TakesInfo
from atoll.api.models.catalogue import CatalogueEntry, CataloguePage, KeyInfo
from atoll.api.models.datasets import DatasetInfo, GradingInfo, QualityInfo, RegisterColumn, RegisterDataset, Registered
from atoll.api.models.grading import (
    ApprovalInfo,
    ApproveRequest,
    ColumnGradeInfo,
    FindingInfo,
    GradeFile,
    GradeInfo,
    LevelTableInfo,
    RegradeInfo,
    RegradeRequest,
)
from atoll.api.models.grants import CapInfo, CapModel, ConstraintModel, GiveGrant, Given, GrantInfo, OutputName
from atoll.api.models.jobs import (
    CoalitionInfo,
    DecisionInfo,
    DraftInfo,
    JobInfo,
    OptionInfo,
    Proposed,
    ProposeJob,
    ReasonInfo,
    RefuseRequest,
    ResultInfo,
)
from atoll.api.models.ledger import CheckpointInfo, LogEntry, RecordInfo, VerifyInfo
from atoll.api.models.members import (
    EnrolRequest,
    HandoverInfo,
    HandoverRequest,
    InviteInfo,
    InviteRequest,
    KeyRequest,
    MemberInfo,
)
from atoll.api.models.node import DoctorFinding, Status, WhyInfo
from atoll.api.models.orders import ApproverAsk, ApproverInfo, OrderGiven, OrderInfo, OrderRequest, PaperInfo
from atoll.api.models.quality import MeasuredValue, MeasureQuality, QualityReportInfo, QualityRunInfo, SignRun
from atoll.api.models.rights import (
    HoldersInfo,
    RightAct,
    RightChange,
    RightDetail,
    RightGiven,
    RightInfo,
    RightRequest,
    RightTransfer,
)
from atoll.api.models.standing import DutyInfo, GiveStanding, NoteDuty, StandingGiven, StandingInfo

__all__ = [
    "ApprovalInfo",
    "ApproveRequest",
    "ApproverAsk",
    "ApproverInfo",
    "BudgetInfo",
    "BudgetRequest",
    "CapInfo",
    "CapModel",
    "CatalogueEntry",
    "CataloguePage",
    "CheckpointInfo",
    "CoalitionInfo",
    "ColumnGradeInfo",
    "ConstraintModel",
    "DatasetInfo",
    "DecisionInfo",
    "DoctorFinding",
    "DraftInfo",
    "DutyInfo",
    "EnrolRequest",
    "FindingInfo",
    "GiveGrant",
    "GiveStanding",
    "Given",
    "GradeFile",
    "GradeInfo",
    "GradingInfo",
    "GrantInfo",
    "HandoverInfo",
    "HandoverRequest",
    "HoldersInfo",
    "InviteInfo",
    "InviteRequest",
    "JobInfo",
    "KeyInfo",
    "KeyRequest",
    "LevelTableInfo",
    "LogEntry",
    "MeasureQuality",
    "MeasuredValue",
    "MemberInfo",
    "Model",
    "NoteDuty",
    "OptionInfo",
    "OrderGiven",
    "OrderInfo",
    "OrderRequest",
    "OutputName",
    "PaperInfo",
    "Problem",
    "ProposeJob",
    "Proposed",
    "QualityInfo",
    "QualityReportInfo",
    "QualityRunInfo",
    "ReasonInfo",
    "Receipt",
    "RecordInfo",
    "RefundRequest",
    "RefuseRequest",
    "RegisterColumn",
    "RegisterDataset",
    "Registered",
    "RegradeInfo",
    "RegradeRequest",
    "ResultInfo",
    "RightAct",
    "RightChange",
    "RightDetail",
    "RightGiven",
    "RightInfo",
    "RightRequest",
    "RightTransfer",
    "SignRun",
    "StandingGiven",
    "StandingInfo",
    "Status",
    "TakesInfo",
    "VerifyInfo",
    "WhyInfo",
]
