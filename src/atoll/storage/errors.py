"""What can go wrong with a node's own disk."""

from __future__ import annotations

from atoll.errors import InputError, IntegrityError, UnavailableError


class StoreCorrupt(IntegrityError):
    """The node's database, or a sealed value in it, is damaged."""

    code = "storage.corrupt"
    sentence = "The node's store is damaged: {reason}."
    remedy = "Stop the node, keep the file for inspection, restore it from a backup; other members give the ledger again."


class StoreFull(UnavailableError):
    """The disk takes nothing now, or another process locks the store. What is in it is sound, and all that was acknowledged."""

    code = "storage.full"
    sentence = "The node's store cannot be written: {reason}."
    remedy = "Free space on the volume of the node's home, or end what locks the store; then propose again what it ended."


class PassphraseMissing(InputError):
    """Nothing says the passphrase that opens a keystore."""

    code = "storage.no_passphrase"
    sentence = "The keystore's passphrase is not in ATOLL_PASSPHRASE, and {path} cannot be read."
    remedy = "Set ATOLL_PASSPHRASE, or name a file that holds it with ATOLL_PASSPHRASE_FILE."
