"""Where tables lie that last from job to job, and when they go.

    home/tables/PERIOD/SHA-256 of the dataset's name/

A period that is over takes everything with it. A dataset that nobody lets this organisation use any more loses its tables at
once; the notes beside them, which count and pin, stay until the period is over.
"""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path

from atoll.jobs.periods import period_of
from atoll.ledger.records import Dataset, Grant, GrantState
from atoll.node.context import NodeContext
from atoll.storage.tables import forget_tables


def table_folder(root: Path, period: int, dataset: str) -> Path:
    """The folder of what lasts of a granted dataset."""
    return root / str(period) / sha256(dataset.encode()).hexdigest()


def forget_what_ended(context: NodeContext) -> None:
    """Delete what is of an earlier period, and tables of datasets that this organisation may not use any more."""
    root = context.config.home.tables
    if not root.is_dir():
        return
    current = period_of(context.now())
    for period in [one for one in root.iterdir() if one.name.isdigit()]:
        if int(period.name) < current:
            shutil.rmtree(period, ignore_errors=True)  # a job that outlives its period may be writing there
            continue
        usable = {table_folder(root, int(period.name), dataset) for dataset in _usable(context)}
        for folder in period.iterdir():
            if folder not in usable:
                forget_tables(folder)


def _usable(context: NodeContext) -> set[str]:
    """Datasets of its own that are in use, and those of others that a grant in force lets it use."""
    me, now = context.org, context.now()
    active = {one.dataset: one for one in context.records(Dataset) if one.is_usable_by(me)}
    granted = {
        one.dataset
        for one in context.records(Grant)
        if one.grantee == me and one.state is GrantState.ACTIVE and one.not_before <= now <= one.not_after
    }
    return {name for name, one in active.items() if one.owner == me or name in granted}
