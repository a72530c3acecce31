"""`atoll demo`: five organisations on this machine, one job from founding to evidence, and attacks that are caught.

    command      the command, its options, its exit status            scenarios/   what the consortium does; one file each
    script       what happens, in order                               attacks/     what somebody tries; one file each
    stage        five nodes, each a process, founded and torn down    screen       progress while it works, the table at the end
    exchange     ask, agree, compute, receipt: through the client     findings     what `--json` prints

A new scenario or attack is a module with `NAME`, `TITLE` and `run(stage)`, listed in its package.
"""
