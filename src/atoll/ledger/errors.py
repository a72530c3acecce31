"""What can be wrong with a ledger, its proofs and its files."""

from __future__ import annotations

from atoll.errors import IntegrityError


class BadGenesis(IntegrityError):
    """A genesis file is not what its founders must have signed."""

    code = "ledger.bad_genesis"
    sentence = "The genesis is not valid: {reason}."
    remedy = "Get the genesis file again from a founder, and compare its digest with your trust file."


class BadBlock(IntegrityError):
    """A block does not follow, or does not give what its sequencer says."""

    code = "ledger.bad_block"
    sentence = "Block {height} is refused: {reason}."
    remedy = "Compare with another member; if they agree with you, the sequencer cheats: hand over (`atoll consortium handover`)."
