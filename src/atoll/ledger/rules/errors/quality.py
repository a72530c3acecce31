"""Why an opinion of a dataset's quality is not taken."""

from __future__ import annotations

from atoll.errors import RuleError


class NotAnEvaluator(RuleError):
    """Only a dataset's owner and members with the role evaluator have opinions of its quality that count."""

    code = "quality.not_evaluator"
    number = 70
    sentence = "{org} is neither the owner of {dataset} nor an evaluator."
    remedy = "Measure for yourself with `atoll quality compare`; a report needs the role evaluator."


class SameReport(RuleError):
    """The report that is given stands already."""

    code = "quality.same_report"
    number = 71
    sentence = "{org} has given this very report on {dataset} before."
    remedy = "Measure again; a new report has a new salt and so another commitment."
