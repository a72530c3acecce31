"""Structured logs: one JSON object a line, codes and counts and identifiers of jobs, never rows and never secrets."""

from __future__ import annotations

import json
import logging
import logging.handlers
from pathlib import Path

MAX_LOG_BYTES = 10 << 20
KEPT_LOGS = 5
_FIELDS = ("job", "code", "error", "peer", "status", "sent", "received", "seconds", "peak_mb", "life", "spoiled")
"""What a line may carry beside its message; anything else a caller attaches is left out."""


class JsonLines(logging.Formatter):
    """A record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "part": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def start_logs(folder: Path, level: str) -> None:
    """Write this process's logs to `folder`/node.log, rotated."""
    handler = logging.handlers.RotatingFileHandler(folder / "node.log", maxBytes=MAX_LOG_BYTES, backupCount=KEPT_LOGS)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("uvicorn.access", "uvicorn.error", "asyncio", "httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
