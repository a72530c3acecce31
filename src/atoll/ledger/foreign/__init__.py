"""Duplicates across consortia: what one ledger shows another, and what follows from it."""
