"""What the ledger does in a second: ordering on both engines, proofs, replay. See `bench_ledger.py`."""
