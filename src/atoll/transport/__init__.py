"""Sessions between nodes: who may talk to whom, over which connection, and how a job's roles are run over it.

Bottom to top:

| module | its one idea |
|---|---|
| `frames` | kind, length, payload: the parser of everything that comes in |
| `session` | what a session and a network promise; both kinds keep it |
| `pins`, `identity`, `tls`, `network` | TLS 1.3 in which the ledger's certificates are the only trust |
| `memory` | the same in memory, with faults on demand |
| `clienthello`, `router`, `handoff` | one port for all services; a job's child process owns its sockets |
| `rpc_messages`, `rpc`, `links` | requests between nodes; one live session with every member |
| `sealing`, `meeting` | job frames that a gateway cannot read; how the parties of a job find each other |
| `runner_messages`, `transcript`, `journal` | what job runners say, remember, and keep |
| `bounded`, `throttle` | how many connections and requests of one address a public listener takes |
| `options` | what a run is given and what it reports |
| `stepping`, `conversation`, `gathering`, `run`, `runner` | a role run through lost links and restarts; begin with `runner` |
| `faults`, `tasks` | errors without data; background tasks with an owner |
"""
