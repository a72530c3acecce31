"""Where a validator of the harness keeps its things."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""Of the repository."""
GENESIS, STORE, COMETBFT, CONTROL, SPOKEN = "genesis.atoll", "ledger.sqlite", "cometbft", "control", "validator.json"
"""In a validator's folder: the founders' file, the ledger, CometBFT's home, the harness's socket, the settings."""
GIVEN_UP = 70
"""Exit status of a validator that stopped for good."""
