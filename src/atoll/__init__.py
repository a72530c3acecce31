"""Atoll: data stays with its owner, computation travels, and a ledger remembers who agreed to what."""

from __future__ import annotations

from atoll.version import VERSION

__version__ = VERSION
