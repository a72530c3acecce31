"""Rights towards the outside: their ODRL actions, and how income is divided among those who have a right to it.

What may be made from what, and whether a right holds, is the ledger's to say (`atoll.ledger.rights`); this rests on it.

    actions  the closed mapping between kinds of right and ODRL actions       income  a sum divided to the last unit
"""

from atoll.exchange.rights.actions import ACTIONS, actions_of, kind_of
from atoll.exchange.rights.income import Portion, divide_income

__all__ = ["ACTIONS", "Portion", "actions_of", "divide_income", "kind_of"]
