"""Detectors of personal and sensitive data, one file an idea. They look at values and at names of columns, and say how sure
they are; what follows from it says a table of levels."""

from __future__ import annotations

from atoll.exchange.grading.detectors.base import Detector
from atoll.exchange.grading.detectors.contact import EMAIL, PHONE
from atoll.exchange.grading.detectors.health import HEALTH
from atoll.exchange.grading.detectors.numbers import BANK_CARD, COMPANY_CODE, NATIONAL_ID
from atoll.exchange.grading.detectors.people import BIRTH_DATE, MINOR, PERSON_NAME
from atoll.exchange.grading.detectors.places import ADDRESS, LICENCE_PLATE, LOCATION

DETECTORS: tuple[Detector, ...] = (
    NATIONAL_ID,
    PHONE,
    BANK_CARD,
    COMPANY_CODE,
    PERSON_NAME,
    EMAIL,
    ADDRESS,
    LICENCE_PLATE,
    LOCATION,
    HEALTH,
    BIRTH_DATE,
    MINOR,
)
"""All of them; a table of levels says of each what it means."""
