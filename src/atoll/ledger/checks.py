"""What a check for near duplicates is called, and how large it is: for the ledger, and for who drafts, judges and runs one.

A file of its own because a check's process needs these few lines, and neither the ledger's records nor its rules.
"""

from __future__ import annotations

from enum import StrEnum

SIMILARITY = "similarity"
"""The job kind of checks for near duplicates."""
SAMPLE_CAP = 2_560
"""Row cap of a check of a sample, on both sides, whatever the tables' sizes; no other check has it, so a job's inputs tell its
stage."""
LEAST_CAP = 64
"""Least row cap of a check."""


class Stage(StrEnum):
    """How closely two versions are compared."""

    SAMPLE = "sample"
    """The digests of about a thousand rows, drawn anew for each check: tells whether they may be near."""
    ROWS = "rows"
    """The digests of all rows, or of a large sample: tells how near they are."""
