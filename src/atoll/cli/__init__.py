"""The command line, `atoll`.

    main      the commands by name, each loaded when it is called; errors as `error:` and `hint:`
    frame     what every command shares: how to name a node, --json, examples in the help
    reply     what a command answers: one JSON value, or something for people
    screen    putting that on a terminal; words: times, sizes and names as people read them

One module a subject, named as its command. Commands talk to a node through `atoll.client`; only those that make or look at a
home folder (`init`, `consortium found`, `config`, `doctor`) read it themselves.
"""
