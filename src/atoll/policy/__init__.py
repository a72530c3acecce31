"""Policy: may this job use my data? One pure function answers, at the owner's own node, and says why.

demand    what a job asks, input by input          card       what the owner says about a dataset, column by column
terms     ODRL-shaped terms of a grant             odrl       their evaluation over a closed set of operands
outputs   what may leave a job, a closed list      local      the owner's own veto rules
limits    what START will count, asked before      coalition  who must not sit together
rights    whose right carries it, up to the root   scopes     what a right may be used for, a committed body
lattice   how much of a column others may see      uses       a demand as operands
approval  who must be asked, standing consents     question   what `decide` is asked
programs  which of them nobody here has reviewed
decide    all of it together -> permit, deny or ask, with reasons
foresight the same in another's place, before anybody is asked
"""
