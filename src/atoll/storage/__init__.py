"""What a node keeps on its own disk: a small database beside the ledger, and sealed files."""
