"""One organisation's node: the process that holds its keys, its copy of the ledger and its data's paths, and decides.

reactor     what happens when the ledger moves            consents    plan in hand -> decision -> consent or refusal
runs        started jobs, supervised and receipted        execution   what the process of one job does
bodies      committed documents, between those entitled   outbox      signs transactions and submits them
assembly    the one place where the parts are joined      process     the real parts around it: TLS, HTTPS, children
config      atoll.toml and the home folder                gateway     the HTTPS API
"""
