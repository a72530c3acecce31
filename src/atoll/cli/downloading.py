"""Writing a result to a file: how far it is, on standard error."""

from __future__ import annotations

import sys
from pathlib import Path

from atoll.api.models import ResultInfo
from atoll.cli.errors import FileUnusable
from atoll.client import Node


def download(node: Node, job: str, path: Path) -> ResultInfo:
    """All rows of a result in a new file; a bar at a terminal, silence elsewhere.

    Raises:
        FileUnusable: it is there, or cannot be written.
    """
    try:
        return _with_bar(node, job, path) if sys.stderr.isatty() else node.jobs.download(job, path)
    except OSError as err:
        raise FileUnusable(path=path, action="written", reason=err.strerror) from err


def _with_bar(node: Node, job: str, path: Path) -> ResultInfo:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("rows"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(path.name, total=None)
        return node.jobs.download(job, path, on_rows=lambda done, of: progress.update(task, completed=done, total=of))
