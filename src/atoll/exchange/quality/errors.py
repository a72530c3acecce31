"""What can go wrong when quality is measured or told."""

from __future__ import annotations

from atoll.errors import InputError, IntegrityError


class BadMetrics(InputError):
    """A set of metrics cannot be used."""

    code = "quality.bad_metrics"
    sentence = "The set of metrics cannot be used: {reason}."
    remedy = "docs/how-to/measure-quality.md says what a metric is; the packaged sets are examples."


class MetricFailed(InputError):
    """A metric gave no usable answer; nothing was scored."""

    code = "quality.metric_failed"
    sentence = "The metric {metric} cannot be measured: {reason}."
    remedy = "A metric is one SELECT over the table `data` with two whole numbers as its answer; it may read nothing else."


class NothingToMeasure(InputError):
    """No column of the table is one that others may use in any way, or the table has none of the card's columns."""

    code = "quality.nothing_to_measure"
    sentence = "There is nothing to measure: {reason}."
    remedy = "Measured are the columns whose exposure on the card is more than hidden; a sample needs at least one of them."


class BadReport(IntegrityError):
    """A run or a report is not what it claims to be."""

    code = "quality.bad_report"
    sentence = "The report does not hold: {reason}."
    remedy = "Ask its evaluator for another; a report that does not fit its commitment or signatures counts for nothing."
