"""Job kinds: protocols made into jobs that a plan can name. Nothing here does I/O.

`kind` is the interface that the node calls, `registry` the closed list of kinds, `result` what receivers get and all sign for.
"""
