"""One organisation's node: the process that holds its keys, its copy of the ledger and its data's paths, and decides.

config      atoll.toml and the layout of the home folder          outbox    transactions, signed and submitted until acknowledged
assembly    the one place where parts are chosen and joined       reactor   what happens when a block is acknowledged
consents    plan in hand -> decision -> consent or refusal         runs      started jobs as child processes, receipts
bodies      committed documents, between those entitled            gateway   the HTTPS API
execution   what the process of one job does                          doctor    what is wrong and what to do
"""
