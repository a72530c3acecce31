"""Secret programs: shown and reviewed."""

from __future__ import annotations

from atoll.api.models.base import Model


class ProgramInfo(Model):
    """A program, and whether it may be run on own data."""

    digest: str
    name: str
    """As it calls itself; empty where no job that runs it was seen here."""
    reviewed: bool
    """Whether a person here stands for it; False once that was taken back."""
    by: str
    """Who spoke last: the role of a person's token, or `local rules`."""
    time: int
    """When; 0 for local rules."""


class ProgramText(Model):
    """The program of a job, for people."""

    job: str
    digest: str
    name: str
    text: str
    """Inputs, what it takes, how exact it is, what is opened to whom, and every step of it."""
    reviewed: bool
    """Whether a person here has reviewed it."""
