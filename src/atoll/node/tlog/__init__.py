"""The agreed log for outsiders: C2SP tiles and a witnessed checkpoint, over the node's own HTTPS listener.

| module | its one idea |
|---|---|
| `shelf` | what is published: a checkpoint, and every tile below it |
| `routes` | the shelf over HTTPS: hashes for everybody, entries for those entitled |
| `settings` | whose cosignatures a published checkpoint needs |
| `witnesses` | asking witnesses for cosignatures, each at its own pace |
| `members` | who stands for a checkpoint: one member, or a quorum |
| `kept` | signed notes that prove something about somebody |
| `publisher` | from the agreed log to the shelf: durable first, signed then, never back |
| `cosigning` | members as witnesses of one another, on an engine whose members sign no checkpoints together |
"""
