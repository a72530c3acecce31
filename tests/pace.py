"""How fast this machine is right now, so that processor time says the same whatever else it does.

Processors slow down when others work beside them, on the same core or as another guest of the same host: the same commands
take half as much processor time again. A piece of work that never changes, done now and then beside what is measured, takes
longer by the same factor.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType

REFERENCE_SECONDS = 0.0180
"""Of processor time; what the piece takes beside the demo, on two processors (AMD EPYC) on which nothing else runs."""
PAUSE_SECONDS = 0.5
_TEXT = "\n".join(f"def f{one}(a, b=({one}, 'x')):\n    return [a * b[0] + c for c in range(9) if c % 2]" for one in range(200))


class Pace:
    """How much more processor time work takes here than where the reference was measured, while the context is open.

    with Pace() as pace:
        work()
    pace.slowness()
    """

    def __init__(self) -> None:
        self._taken: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Pace:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def slowness(self) -> float:
        """1 on the machine of the reference; more on a slower one or beside other work, less on a faster one."""
        return sum(self._taken) / len(self._taken) / REFERENCE_SECONDS

    def _watch(self) -> None:
        while True:
            before = time.thread_time()
            compile(_TEXT, "pace", "exec")
            self._taken.append(time.thread_time() - before)
            if self._over.wait(PAUSE_SECONDS):
                return
