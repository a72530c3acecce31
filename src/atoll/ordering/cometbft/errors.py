"""What can go wrong between CometBFT and its application."""

from __future__ import annotations

from atoll.errors import ConflictError, IntegrityError


class BadFrame(IntegrityError):
    """What came over the application socket cannot be read."""

    code = "ordering.abci_frame"
    sentence = "A message on CometBFT's application socket cannot be read: {reason}."
    remedy = "Another program may have connected, or another release of CometBFT: `make cometbft` installs the right one."


class OutOfTurn(IntegrityError):
    """CometBFT asked for something that does not follow from what it asked before."""

    code = "ordering.abci_out_of_turn"
    sentence = "CometBFT and this node's ledger do not agree about where they are: {reason}."
    remedy = (
        "One of the two was restored from a backup without the other. Restore both from one moment, or set both folders aside "
        "and let the node fetch the ledger from the other members."
    )


class GenesisMismatch(ConflictError):
    """CometBFT was started with another genesis than the ledger's."""

    code = "ordering.abci_genesis"
    sentence = "CometBFT's genesis file is not the one of this ledger: {reason}."
    remedy = "Let `atoll consortium found` write both, and never edit CometBFT's."


class BadSnapshot(IntegrityError):
    """A snapshot that does not give the state that the members agreed on."""

    code = "ordering.bad_snapshot"
    sentence = "A snapshot from another node is refused: {reason}."
    remedy = "CometBFT drops its sender and asks another; nothing of it was taken over."
