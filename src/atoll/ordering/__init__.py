"""Engines that put transactions in order, behind one interface (`atoll.ordering.engine`).

    embedded   one sequencer, SQLite, validating members that re-execute and cosign: *tamper-evident under one operator*

Both this engine and a Byzantine one give the same promise: what is *acknowledged* is durable and stands in a checkpoint that a
quorum of validating members cosigned. `tests/contract/ordering` is that promise in executable form.
"""
