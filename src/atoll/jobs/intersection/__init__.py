"""Private intersection: receivers learn something about the keys that all sides have, and nobody learns more.

    spec        what a person says                    reading     a specification as fields of a plan, and back
    checking    what makes no sense                   kind        a plan put together, judged, run
    planner     which protocol, and why               protocols/  one file a protocol: leakage, cost, how to run it
    leakage     the plan's statement, in words        coalitions  who could read what together
    program     the runs at one place                 results     from what was found to a table

To find a protocol: `protocols/NAME.py` says what the job kind knows of it, `atoll/protocols/NAME/` is the protocol itself.
"""

from atoll.jobs.intersection.kind import Intersection
from atoll.jobs.intersection.outputs import Join, Output, Security
from atoll.jobs.intersection.spec import GrantUse, IntersectionSpec, Side

__all__ = ["GrantUse", "Intersection", "IntersectionSpec", "Join", "Output", "Security", "Side"]
