"""The CometBFT engine: every organisation runs a validator, and more than two thirds of them must vote for a block.

Two processes a node. CometBFT, a program nobody here wrote, agrees with its like at the other members on which transactions
come next; this process carries them out:

    node process                                          its child, `cometbft start`
    ------------                                          ---------------------------
    engine        what the node sees of it all
      submit  --> rpc          --- rpc.sock  -------->    mempool, then blocks, p2p with the others over TCP
                  server       <-- app.sock  ---------    CheckTx, PrepareProposal, FinalizeBlock, Commit, Query
                  application      the ledger: `apply`, one SQLite transaction a block (store)
      view    <-- lights       <-- rpc.sock  ---------    the header over what was carried out, and the votes for it

What a block did is committed to by the header *after* it: so a committed block is shown once that header and its votes are
here, which is one round later, and everything that is shown is provable to anybody (`atoll.ledger.seal`).

    binary      the pinned program                keys       its two keys, in the files that it reads
    home        its configuration and genesis     settings   what the owner decides
    process     starting, watching, giving up     paths      sockets in folders with long names
    server      its four connections to us        framing    one of their frames
    asking      the one that comes most often     proposals  what can stand in one, in which order
    dispatch    its messages as calls             queries    proofs for stock tools, and who may connect
    decided     what of a block the ledger takes  store      what is committed, in one durable transaction
    snapshots   a whole ledger in chunks          restoring  taking one over, nothing of it believed
    parameters  what its genesis has to say       failpoints where a test kills the process
    rpc         questions to it                   sender     transactions on their way into a block
    lights      headers with votes                provable   what they prove, and when it is shown
    seals       those that evidence needs, kept   older      those of before this node's time
    engine      the interface, wired from these parts

This is *consensus*: as long as less than a third of the validators lie, no two of them hold different ledgers, whoever is gone;
with a third gone nothing is committed until one of them is back. There is no operator to replace, so there is no hand-over.
"""
