"""Mutants: one-line faults in the lines that matter, each of which the tests must notice.

    python -m tools.mutants                        # all of them, two at a time, for 19 minutes at the most
    python -m tools.mutants --minutes 5            # as many as that allows; the next run goes on with the others
    python -m tools.mutants --only rights,odrl     # those of rights.toml and odrl.toml; also a mutant's name, a source file

They are described in tests/mutants/*.toml (README.md there). Each is applied alone, to a copy of the tree; the working tree is
never touched. A mutant is killed when the tests it names fail, and those tests must pass without it. Progress goes to standard
error; the last line on standard output is `N mutants, N killed`, or says how many were not run. The exit status is 0 only if
all of them were killed.

A run of all that was cut short, by its time or by hand, is gone on with: what it killed counts as long as no file of the tree
has changed, and where one has, the next run begins where that one ended. A run that comes to its end leaves nothing behind.
"""
