"""Who is who, and what a signature proves: roles, keys, signers, envelopes, TLS keys, invites.

| module | its one idea |
|---|---|
| `roles` | the one list of roles |
| `algorithms` | signature algorithms, their COSE numbers, the one verification |
| `keys` | public keys, versioned key records, secret keys |
| `fingerprint` | a key in a form that two people can compare |
| `secret` | objects that cannot be printed, pickled or copied |
| `signer` | signing by handle, so that a key may live in hardware |
| `keystore` | secret keys at rest, under a passphrase |
| `envelope` | signed messages: COSE_Sign1 in one exact form |
| `tlskeys` | the TLS key that peers pin |
| `invite` | the one-time token by which an organisation enters |

Nothing here reads a file, a clock or the operating system's generator; `atoll.storage.keyfile` puts keystores on disk.
"""
