"""A C2SP witness: a small server of its own that cosigns checkpoints of logs it was told to watch, and remembers them.

It proves that a log has shown everybody the same history; it carries out no transaction and never counts towards a
consortium's own quorum. What it decides is in `atoll.ledger.witness`; here are its disk, its HTTP and its home.

| module | its one idea |
|---|---|
| `home` | a folder with key, certificate, policy and settings |
| `store` | what it has cosigned and whom it has caught, durable before anybody hears of it |
| `desk` | one request: decide, store, sign, in this order |
| `server` | the desk over HTTPS, bounded |
"""
