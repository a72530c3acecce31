"""Why a job does not start, or a receipt does not count."""

from __future__ import annotations

from atoll.errors import RuleError


class PlanMismatch(RuleError):
    """A consent or receipt is for another plan than the proposed one."""

    code = "plan.mismatch"
    number = 13
    sentence = "The plan digest is not that of job {job}."
    remedy = "Fetch the plan again from the proposer; somebody changed it on the way."


class ResultMismatch(RuleError):
    """Two receipts of one job commit to different results."""

    code = "receipt.mismatch"
    number = 18
    sentence = "{org}'s receipt commits to another result than the receipts before it."
    remedy = "Open the dispute with the auditor; the signed receipts are the evidence."


class NotUnanimous(RuleError):
    """START came before every party had consented."""

    code = "job.not_consented"
    number = 19
    sentence = "Job {job} lacks the consent of {missing}."
    remedy = "Wait for the missing consents: `atoll job watch`."
