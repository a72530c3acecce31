"""The embedded engine: one sequencer, SQLite, validating members that re-execute and cosign.

    engine      the interface, wired from the parts below
    store       one replica on disk                    replica     a ledger in memory with its store: append, cosign, agree
    sequencer   transactions into blocks               publisher   blocks to the members, cosignatures back
    quorum      counts cosignatures                    catchup     what a member missed
    handover    another sequencer takes over           messages    what members say to each other

It is *tamper-evident under one operator*: the sequencer can stall, but not change, invent or hide what a quorum has cosigned,
and when it is gone the others hand over to one of them. It is not Byzantine consensus; that is what the CometBFT engine is for.
"""
