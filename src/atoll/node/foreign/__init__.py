"""Duplicates across consortia, at a node: what it shows the others, and how it asks them before it registers.

| module | its one idea |
|---|---|
| `settings` | the agreement and the key of this node |
| `desk` | bundles of this ledger, for anybody who names a fingerprint |
| `clearing` | expired reservations, when somebody asks about one |
| `asking` | other consortia's nodes, none of which is trusted |
| `claims` | one registration: reserve, be seen, ask, confirm or give way |
| `office` | what a person may ask about it |
"""
