"""The digests of a table's rows, more of them than fit in memory: sorted runs in a spool, merged span by span.

    printer --runs--> spool --the same span of every run--> trees, file of rows

In memory at once are a run while it is made, and a span of all runs while it is merged.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np
import numpy.typing as npt

from atoll import _core
from atoll.sources.snapshot import disk_error
from atoll.sources.spool import MemoryBudget, Spool

ROWS_FILE = "rows.bin"
"""What `write_rows` writes of a fingerprint: 36 bytes a distinct row, ascending; its digest and how often it stands in the
table, big-endian."""
SPANS = 4096
_MEMORY_BYTES = 448 << 20
_SPAN_BYTES = 16 << 20
"""Of two at a time: one is merged while the next one is read and the last one written."""


class RowStore:
    """Takes runs, gives the roots of both trees. A context manager that forgets everything."""

    def __init__(self, scratch: Path, address: str) -> None:
        self._address = address
        self._spool = Spool(scratch, MemoryBudget(_MEMORY_BYTES), address=address)
        self._runs: list[tuple[int, npt.NDArray[np.uint32]]] = []

    def add(self, records: bytes, starts: bytes) -> None:
        """Keep a run of `_core.TablePrinter.take_run`. Raises ScratchFull."""
        self._runs.append((len(self._spool), np.frombuffer(starts, "<u4")))
        self._spool.append(records)

    def write_rows(self, path: Path) -> tuple[int, bytes, bytes]:
        """Write the file of rows, which appears whole or not at all.

        Returns:
            The number of distinct rows, the root of the tree of rows, and that of their arrangements.

        Raises:
            ScratchFull, SourceUnreadable: the disk is full or failed.
        """
        trees = _core.RowTrees()
        step = max(1, SPANS * _SPAN_BYTES // max(1, len(self._spool)))
        with self._new_file(path) as file, ThreadPoolExecutor(1, thread_name_prefix="row-trees") as pool:
            merging: deque[Future[bytes]] = deque()
            for first in range(0, SPANS, step):
                pieces = [self._read(run, first, min(SPANS, first + step)) for run in self._runs]
                merging.append(pool.submit(trees.add, pieces))
                if len(merging) > 1:
                    file.write(merging.popleft().result())
            file.write(merging.popleft().result())
            rest, distinct, rows, arrangements = trees.finish()
            file.write(rest)
        return distinct, rows, arrangements

    def _read(self, run: tuple[int, npt.NDArray[np.uint32]], first: int, last: int) -> bytes:
        offset, starts = run
        start, end = int(starts[first]), int(starts[last])
        return self._spool.read(offset + start, end - start)

    @contextlib.contextmanager
    def _new_file(self, path: Path) -> Iterator[IO[bytes]]:
        part = None
        try:
            with tempfile.NamedTemporaryFile(prefix="rows-", dir=path.parent, delete=False) as file:
                part = Path(file.name)
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException as error:
            if part is not None:
                part.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise disk_error(error, self._address) from error
            raise

    def close(self) -> None:
        """May be called twice."""
        self._spool.close()
        self._runs.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
