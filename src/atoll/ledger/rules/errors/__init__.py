"""Why a ledger rule refuses a transaction: numbered, because the number is hashed into the block; one module a subject.

    transactions   any of them     1-10, 14-17      registrations  30-37, 50      quality  70-71
    grants         11, 12, 20, 60, 61               rights         40-45          levels   80-86
    jobs           13, 18, 19                       orders         51-54
    oprf           21-25                            members        90-92     foreign        100-102

A number is never changed and never given to another refusal; a new one gets the next that is free in the ten of its subject.
"""

from atoll.ledger.rules.errors.foreign import ClaimHeld, ClaimRefused, TooManyClaims
from atoll.ledger.rules.errors.grants import CapReached, GrantExhausted, GrantNotInForce, StandingNotInForce, StandingTooLong
from atoll.ledger.rules.errors.jobs import NotUnanimous, PlanMismatch, ResultMismatch
from atoll.ledger.rules.errors.levels import (
    LevelBelowLast,
    LevelBelowParents,
    LevelHeld,
    LoweringUnsigned,
    NeedsReason,
    NotApproved,
    NotTradable,
)
from atoll.ledger.rules.errors.members import MemberNeeded, MotionTooLong, NotCarried
from atoll.ledger.rules.errors.oprf import OprfBadDeal, OprfLimitReached, OprfNoKey, OprfUnfounded, OprfWrongDealing
from atoll.ledger.rules.errors.orders import ApprovalMissing, BadApprover, OneHandOnly, OrderInForce
from atoll.ledger.rules.errors.quality import NotAnEvaluator, SameReport
from atoll.ledger.rules.errors.registrations import (
    BadParents,
    CheckRefused,
    DatasetBlocked,
    DisputeRefused,
    StatementRefused,
    TagsRefused,
    TooManyAncestors,
    TooManyRegistrations,
    UnfoundedParent,
)
from atoll.ledger.rules.errors.rights import (
    NotFrozenSo,
    RightChanged,
    RightExceeded,
    RightNotInForce,
    RightNotMovable,
    TooManyRights,
)
from atoll.ledger.rules.errors.transactions import (
    AlreadyExists,
    BadApproval,
    BadKey,
    BadSignature,
    BadTransaction,
    DeadlinePassed,
    ExpiredTransaction,
    NotAllowed,
    NotMember,
    StaleNonce,
    TooEarly,
    Unknown,
    UnknownType,
    WrongState,
)

__all__ = [
    "AlreadyExists",
    "ApprovalMissing",
    "BadApproval",
    "BadApprover",
    "BadKey",
    "BadParents",
    "BadSignature",
    "BadTransaction",
    "CapReached",
    "CheckRefused",
    "ClaimHeld",
    "ClaimRefused",
    "DatasetBlocked",
    "DeadlinePassed",
    "DisputeRefused",
    "ExpiredTransaction",
    "GrantExhausted",
    "GrantNotInForce",
    "LevelBelowLast",
    "LevelBelowParents",
    "LevelHeld",
    "LoweringUnsigned",
    "MemberNeeded",
    "MotionTooLong",
    "NeedsReason",
    "NotAllowed",
    "NotAnEvaluator",
    "NotApproved",
    "NotCarried",
    "NotFrozenSo",
    "NotMember",
    "NotTradable",
    "NotUnanimous",
    "OneHandOnly",
    "OprfBadDeal",
    "OprfLimitReached",
    "OprfNoKey",
    "OprfUnfounded",
    "OprfWrongDealing",
    "OrderInForce",
    "PlanMismatch",
    "ResultMismatch",
    "RightChanged",
    "RightExceeded",
    "RightNotInForce",
    "RightNotMovable",
    "SameReport",
    "StaleNonce",
    "StandingNotInForce",
    "StandingTooLong",
    "StatementRefused",
    "TagsRefused",
    "TooEarly",
    "TooManyAncestors",
    "TooManyClaims",
    "TooManyRegistrations",
    "TooManyRights",
    "UnfoundedParent",
    "Unknown",
    "UnknownType",
    "WrongState",
]
