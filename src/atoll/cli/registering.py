"""Registering a file, with how far it is on standard error."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from atoll.api.models import RegisterDataset, Registered, RegistrationStep
from atoll.cli.screen import say
from atoll.cli.words import size
from atoll.client import Node
from atoll.errors import AtollError

LOOK_SECONDS = 0.5


def register_watched(node: Node, request: RegisterDataset) -> Registered:
    """Register, or go on where a registration was cut short. A bar at a terminal, a line a step elsewhere."""
    with _watching(node, request.name):
        return node.datasets.register_told(request)


@contextmanager
def _watching(node: Node, name: str) -> Iterator[None]:
    over = threading.Event()
    other = node.again()  # a connection answers one question at a time, and the first one is still open
    watcher = threading.Thread(target=_watch, args=(other, name, over), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join(timeout=2 * LOOK_SECONDS)
        other.close()


def _watch(node: Node, name: str, over: threading.Event) -> None:
    said = ""
    while not over.wait(LOOK_SECONDS):
        try:
            step = node.datasets.step(name)
        except AtollError:
            return  # the registration itself says what is wrong
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K" + _bar(step))
            sys.stderr.flush()
        elif step.step not in (said, "idle"):
            say(step.step)
            said = step.step
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")
        sys.stderr.flush()


def _bar(step: RegistrationStep) -> str:
    if not step.total_bytes:
        return step.step
    share = min(1.0, step.done_bytes / step.total_bytes)
    filled = round(30 * share)
    return f"{step.step} [{'#' * filled}{'.' * (30 - filled)}] {size(step.done_bytes)} of {size(step.total_bytes)}"
