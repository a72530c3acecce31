"""Why data are of too high a level for this, or the level cannot be set so."""

from __future__ import annotations

from atoll.errors import RuleError


class NotTradable(RuleError):
    """Core data are granted to nobody and taken into no job of others."""

    code = "level.not_tradable"
    number = 80
    sentence = "{dataset} is core data: nobody but its owner may use it."
    remedy = "`atoll grade show` tells who set the level; where it is wrong, its owner lowers it with a reason."


class NeedsReason(RuleError):
    """A level is lowered, or stated again, by somebody who commits to no reason."""

    code = "level.needs_reason"
    number = 81
    sentence = "The level needs a reason: {what}."
    remedy = "`atoll grade override DATASET --level ... --reason ...`; the reason stays with you, its commitment is signed."


class LevelHeld(RuleError):
    """A regulator has set a least level."""

    code = "level.held"
    number = 82
    sentence = "A regulator has set level {floor} as the least for {dataset}."
    remedy = "Ask the regulator; only a regulator lowers what a regulator set."


class NotApproved(RuleError):
    """Important data would be computed with by somebody whom no regulator has named."""

    code = "level.not_approved"
    number = 83
    sentence = "{dataset} is important data, and no approval in force names {missing}."
    remedy = "Ask a regulator of the consortium to approve these parties: `atoll grade approve`."


class LevelBelowParents(RuleError):
    """What was made from data starts at the level of the data."""

    code = "level.below_parents"
    number = 84
    sentence = "{dataset} would have level {level}, and what it was made from has level {least}."
    remedy = "Register it at that level, then lower it with a reason: `atoll grade override`."


class LevelBelowLast(RuleError):
    """The next version of a dataset starts at the level of the version before it."""

    code = "level.below_last"
    number = 85
    sentence = "{dataset} would have level {level}, and the version before it has level {least}."
    remedy = "Register it at that level, then lower it: `atoll grade override`, from G4 on with a person's signature."


class LoweringUnsigned(RuleError):
    """Data of level G4 or above would be lowered without the signature of one of the owner's approvers."""

    code = "level.no_person"
    number = 86
    sentence = "{dataset} is of level {level}: to lower it, {org} needs the signature of one of its approvers: {reason}."
    remedy = (
        "Have a person sign: `atoll grade override ... --approver FILE`. The first one is registered with `atoll key approver`."
    )
