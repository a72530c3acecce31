"""Profiles: what a table holds, told to its owner in figures. Pure: it builds queries and reads their answers; the rows come
from `atoll.sources.profiling`."""

from atoll.exchange.profile.model import (
    APPROXIMATE,
    DISTINCT_ERROR_PPM,
    EXACT,
    SAMPLE_ROWS,
    SAMPLED,
    ColumnProfile,
    Profile,
    Sample,
    ValueType,
)

__all__ = [
    "APPROXIMATE",
    "DISTINCT_ERROR_PPM",
    "EXACT",
    "SAMPLED",
    "SAMPLE_ROWS",
    "ColumnProfile",
    "Profile",
    "Sample",
    "ValueType",
]
