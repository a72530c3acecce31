"""The intersection benchmark: tables, parties, peers."""
