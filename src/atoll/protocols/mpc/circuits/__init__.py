"""Circuits: small functions that add gates to a builder, by subject."""
