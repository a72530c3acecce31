"""Atoll: data stays with its owner, computation travels, and a ledger remembers who agreed to what."""

from __future__ import annotations

__version__ = "0.1.0"
