"""Bytes to messages and back: strict CBOR, the message base class, limits."""
