"""Engines that put transactions in order, behind one interface (`atoll.ordering.engine`).

    embedded   one sequencer, SQLite, validating members that re-execute and cosign: *tamper-evident under one operator*
    cometbft   a validator at every member, and two thirds of them for each block: *consensus*

Both give the same promise: what is *acknowledged* is durable, and a quorum of validating members stands for it with signatures
that anybody can verify. `tests/contract/ordering` is that promise in executable form.
"""
