"""What can go wrong with a node's own disk."""

from __future__ import annotations

from atoll.errors import IntegrityError, UnavailableError


class StoreCorrupt(IntegrityError):
    """The node's database, or a sealed value in it, is damaged."""

    code = "storage.corrupt"
    sentence = "The node's store is damaged: {reason}."
    remedy = "Stop the node, keep the file for inspection, restore it from a backup; other members give the ledger again."


class StoreFull(UnavailableError):
    """The disk refuses to take more; nothing was acknowledged that is not durable."""

    code = "storage.full"
    sentence = "The node's disk is full: {reason}."
    remedy = "Free space on the volume of the node's home; the node goes on by itself. Propose a job that ended by it again."
