"""Following a job: what changed, on standard error, and how it ended."""

from __future__ import annotations

import sys

from atoll.api.models import JobInfo
from atoll.cli.frame import same_node
from atoll.cli.reply import Reply
from atoll.cli.screen import say
from atoll.cli.why import load_codes
from atoll.cli.words import duration, size
from atoll.client import Node
from atoll.errors import JobError


def watch_job(node: Node, job: str) -> JobInfo:
    """The job, once it has ended. Its progress goes to standard error: a bar at a terminal, a line a phase elsewhere.

    Whoever stops watching is told that the job goes on.
    """
    try:
        return _with_bar(node, job) if sys.stderr.isatty() else _with_lines(node, job)
    except KeyboardInterrupt:
        say(f"job {job} goes on: atoll job watch {job}{same_node()}")
        raise


def ended(job: JobInfo) -> Reply:
    """How a job ended, as the answer of a command."""
    traffic = f"{size(job.sent_bytes)} sent, {size(job.received_bytes)} received"
    line = f"job {job.job}: {job.state}" + (f" in {duration(job.seconds)}, {traffic}" if job.seconds else "")
    if job.state == "completed":
        return Reply(job, [line])
    known = load_codes().get(job.reason)
    sentence = f"Job {job.job} ended {job.state}" + (f": {job.reason}." if job.reason else ".")
    hint = (known.remedy if known else "") or f"`atoll why {job.job}` tells what this node knows."
    return Reply(job, [line], exit_code=JobError.exit_code, error=sentence, hint=hint)


def stage(job: JobInfo) -> str:
    """Where the job is, in a few words."""
    if job.state == "proposed":
        missing = [one for one in job.parties if one not in job.consents]
        return f"{job.phase or job.state}; waiting for {', '.join(missing)}" if missing else job.state
    if job.state == "started":
        return f"{job.phase}; receipts of {len(job.receipts)} of {len(job.parties)}" if job.receipts else job.phase
    return job.state


def _with_lines(node: Node, job: str) -> JobInfo:
    said, info = "", None
    for info in node.jobs.watch(job):
        now = stage(info)
        if now != said:
            say(f"{job}  {now}")
            said = now
    assert info is not None, "a watch yields at least how the job stands"
    return info


def _with_bar(node: Node, job: str) -> JobInfo:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[amount]}"),
        TextColumn("{task.fields[traffic]}"),
        TimeElapsedColumn(),
    )
    info = None
    say(f"job {job}")
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=None, amount="", traffic="")
        for info in node.jobs.watch(job):
            amount = f"{info.progress_done}/{info.progress_total} {info.progress_unit}" if info.progress_total else ""
            traffic = f"{size(info.sent_bytes)} out, {size(info.received_bytes)} in" if info.sent_bytes else ""
            progress.update(
                task,
                description=stage(info),
                completed=info.progress_done,
                total=info.progress_total or None,
                amount=amount,
                traffic=traffic,
            )
    assert info is not None, "a watch yields at least how the job stands"
    return info
