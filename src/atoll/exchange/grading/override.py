"""What a person says against a grade, with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from atoll.exchange.grading.errors import LoweredWithoutReason
from atoll.exchange.grading.model import Grading


def override(grading: Grading, said: Mapping[str, int], reason: str) -> Grading:
    """What a person says of columns, in the place of what detectors found.

    Args:
        said: levels by column; columns that are not in it stay as they are.
        reason: why; needed where a level becomes lower than one that rests on a finding.

    Returns:
        The dataset as high as its worst column, or as it was where a parent holds it up: only `dataset.regrade` lowers that.

    Raises:
        LoweredWithoutReason: for the first column that is.
    """
    columns = []
    for one in grading.columns:
        level = said.get(one.name, one.level)
        if level < one.level and one.findings and not reason:
            raise LoweredWithoutReason(column=one.name, found=one.level, said=level)
        columns.append(replace(one, level=level))
    if columns == list(grading.columns):
        return grading
    held_up = grading.level > max(one.level for one in grading.columns)
    worst = max(one.level for one in columns)
    level = max(grading.level, worst) if held_up else worst
    return replace(grading, columns=tuple(columns), level=level, graded_by="person", reason=reason)
