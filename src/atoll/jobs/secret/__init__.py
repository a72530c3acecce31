"""What kinds of job share that compute on secret shares: owners, three compute nodes, receivers.

places      who sits where, what each owner brings, and the lines of the plan that follow
coalitions  who could read what together (SECURITY 1.4)

`atoll.jobs.computation` runs any reviewed program; other kinds bring one of their own.
"""

from atoll.jobs.secret.coalitions import coalitions
from atoll.jobs.secret.places import Grants, Seats, Table

__all__ = ["Grants", "Seats", "Table", "coalitions"]
