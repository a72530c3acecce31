"""Duplicates across consortia: what one ledger shows another of a fingerprint, and what follows from it.

| module | its one idea |
|---|---|
| `agreement` | whose word counts for which ledger: one file, the same everywhere |
| `fingerprint` | from a content to what is compared |
| `claims` | the tree of claims, which is all that outsiders are shown of the state |
| `bundle` | absence and presence, everything down from one anchor |
| `verify` | whether a bundle proves what it says, and as of when |
| `judge` | who was first |
| `steps` | what a claimant does next |

The steps of a claim are `ledger.rules.foreign`. Pure. Specification: specs/cross-consortium.md.
"""
