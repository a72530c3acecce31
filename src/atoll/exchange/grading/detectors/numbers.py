"""Numbers with an official form: personal identifiers, bank cards and accounts, codes of companies. The check digits are
those of python-stdnum; a number counts where its shape is right, and fits where the library says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from stdnum import iban, lei, luhn, numdb
from stdnum.at import vnr as at_vnr
from stdnum.au import abn as au_abn
from stdnum.be import nn as be_nn
from stdnum.bg import egn as bg_egn
from stdnum.br import cnpj as br_cnpj
from stdnum.br import cpf as br_cpf
from stdnum.ca import sin as ca_sin
from stdnum.ch import ssn as ch_ssn
from stdnum.ch import uid as ch_uid
from stdnum.cl import rut as cl_rut
from stdnum.cn import ric as cn_ric
from stdnum.cn import uscc as cn_uscc
from stdnum.de import idnr as de_idnr
from stdnum.dk import cpr as dk_cpr
from stdnum.ee import ik as ee_ik
from stdnum.es import dni as es_dni
from stdnum.es import nie as es_nie
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.fi import hetu as fi_hetu
from stdnum.fr import nir as fr_nir
from stdnum.fr import siren as fr_siren
from stdnum.fr import siret as fr_siret
from stdnum.gb import nhs as gb_nhs
from stdnum.hr import oib as hr_oib
from stdnum.il import idnr as il_idnr
from stdnum.in_ import aadhaar as in_aadhaar
from stdnum.in_ import gstin as in_gstin
from stdnum.it import codicefiscale as it_codicefiscale
from stdnum.jp import cn as jp_cn
from stdnum.kr import brn as kr_brn
from stdnum.kr import rrn as kr_rrn
from stdnum.mx import curp as mx_curp
from stdnum.my import nric as my_nric
from stdnum.nl import bsn as nl_bsn
from stdnum.no import fodselsnummer as no_fodselsnummer
from stdnum.pk import cnic as pk_cnic
from stdnum.pl import pesel as pl_pesel
from stdnum.pt import cc as pt_cc
from stdnum.ro import cnp as ro_cnp
from stdnum.se import personnummer as se_personnummer
from stdnum.sg import uen as sg_uen
from stdnum.th import pin as th_pin
from stdnum.tr import tckimlik as tr_tckimlik
from stdnum.tw import ubn as tw_ubn
from stdnum.us import ein as us_ein
from stdnum.us import ssn as us_ssn
from stdnum.za import idnr as za_idnr

from atoll.exchange.grading.detectors.base import SAMPLES, Column, Detector, Tally, Value

Form = re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Scheme:
    """One official number."""

    name: str
    """As python-stdnum calls it: country and number."""
    shape: str
    """Regular expression of a whole value, folded and without separators."""
    chance: float
    """Share of other values of this shape that pass by chance; measured by a test where digits alone make the shape."""
    validate: Callable[[str], object]
    """The library's check, which raises."""
    dashed: str = ""
    """Regular expression of the value with its separators, where digits alone say nothing; in the place of `shape`."""
    inside: str = ""
    """Regular expression by which it is found inside longer texts; empty where that would find too much."""

    def fits(self, number: str) -> bool:
        """Whether the library accepts the number."""
        try:
            return bool(self.validate(number))
        except (ValidationError, KeyError, ValueError, IndexError):  # the last three: its tables of regions have gaps
            return False


def _validate_resident(number: str) -> bool:
    """Check digit, date of birth and province. The library's own check wants the county, and its table has gaps."""
    province = numdb.get("cn/loc").info(number[:2])
    return bool(province[0][1]) and cn_ric.get_birth_date(number).year >= 1900 and cn_ric.calc_check_digit(number) == number[-1]


_WEAK_CHANCE, _WEAK_CEILING = 0.04, 0.7
"""A check that a number of one in 25 or more passes by chance says less, because other numbers have the same one."""

PERSONAL = (
    Scheme("cn.ric", r"[1-9]\d{16}[\dX]", 0.002, _validate_resident, inside=r"[1-9](?:[ .\-]?\d){16}[ .\-]?[\dXx]"),
    Scheme("at.vnr", r"\d{10}", 0.1, at_vnr.validate),
    Scheme("be.nn", r"\d{11}", 0.01, be_nn.validate),
    Scheme("bg.egn", r"\d{10}", 0.03, bg_egn.validate),
    Scheme("br.cpf", r"\d{11}", 0.01, br_cpf.validate, inside=r"\d{3}\.\d{3}\.\d{3}-\d{2}"),
    Scheme("ca.sin", r"\d{9}", 0.1, ca_sin.validate),
    Scheme("ch.ssn", r"756\d{10}", 0.1, ch_ssn.validate, inside=r"756\.\d{4}\.\d{4}\.\d{2}"),
    Scheme("cl.rut", r"\d{7,8}[\dK]", 0.1, cl_rut.validate),
    Scheme("de.idnr", r"\d{11}", 0.05, de_idnr.validate),
    Scheme("dk.cpr", r"\d{10}", 0.03, dk_cpr.validate, dashed=r"\d{6}-\d{4}"),
    Scheme("ee.ik", r"\d{11}", 0.01, ee_ik.validate),
    Scheme("es.dni", r"\d{8}[A-Z]", 0.05, es_dni.validate),
    Scheme("es.nie", r"[XYZ]\d{7}[A-Z]", 0.05, es_nie.validate),
    Scheme("fi.hetu", r"\d{6}[+A-FU-Y]?\d{3}[0-9A-Y]", 0.01, fi_hetu.validate, dashed=r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]"),
    Scheme("fr.nir", r"[1-478]\d{4}[\dAB]\d{9}", 0.02, fr_nir.validate),
    Scheme("gb.nhs", r"\d{10}", 0.1, gb_nhs.validate),
    Scheme("hr.oib", r"\d{11}", 0.1, hr_oib.validate),
    Scheme("il.idnr", r"\d{9}", 0.1, il_idnr.validate),
    Scheme("in.aadhaar", r"[2-9]\d{11}", 0.1, in_aadhaar.validate),
    Scheme(
        "it.codicefiscale",
        r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]",
        0.04,
        it_codicefiscale.validate,
    ),
    Scheme("kr.rrn", r"\d{13}", 0.01, kr_rrn.validate, inside=r"\d{6}-[0-9]\d{6}"),
    Scheme("mx.curp", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d", 0.05, mx_curp.validate),
    Scheme("my.nric", r"\d{12}", 0.02, my_nric.validate, dashed=r"\d{6}-\d{2}-\d{4}"),
    Scheme("nl.bsn", r"\d{9}", 0.1, nl_bsn.validate),
    Scheme("no.fodselsnummer", r"\d{11}", 0.01, no_fodselsnummer.validate),
    Scheme("pk.cnic", r"\d{13}", 0.3, pk_cnic.validate, dashed=r"\d{5}-\d{7}-\d"),
    Scheme("pl.pesel", r"\d{11}", 0.02, pl_pesel.validate),
    Scheme("pt.cc", r"\d{9}[A-Z0-9]{2}\d", 0.1, pt_cc.validate, dashed=r"\d{8} ?\d ?[A-Z][A-Z0-9]\d"),
    Scheme("ro.cnp", r"[1-9]\d{12}", 0.01, ro_cnp.validate),
    Scheme("se.personnummer", r"\d{10}|\d{12}", 0.01, se_personnummer.validate, dashed=r"(?:\d\d)?\d{6}[-+]\d{4}"),
    Scheme("th.pin", r"[1-8]\d{12}", 0.1, th_pin.validate, dashed=r"\d-\d{4}-\d{5}-\d{2}-\d"),
    Scheme("tr.tckimlik", r"[1-9]\d{10}", 0.01, tr_tckimlik.validate),
    Scheme("us.ssn", r"\d{9}", 0.3, us_ssn.validate, dashed=r"\d{3}-\d{2}-\d{4}", inside=r"\d{3}-\d{2}-\d{4}"),
    Scheme("za.idnr", r"\d{13}", 0.01, za_idnr.validate),
)
"""Numbers of persons, by country."""

COMPANIES = (
    Scheme("cn.uscc", r"[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}", 0.035, cn_uscc.validate),
    Scheme("lei", r"[0-9A-Z]{18}\d{2}", 0.012, lei.validate),
    Scheme("au.abn", r"[1-9]\d{10}", 0.02, au_abn.validate),
    Scheme("br.cnpj", r"\d{14}", 0.012, br_cnpj.validate),
    Scheme("ch.uid", r"CHE\d{9}", 0.1, ch_uid.validate),
    Scheme(
        "eu.vat",
        r"(?:AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK)[0-9A-Z]{7,12}",
        0.1,
        eu_vat.validate,
    ),
    Scheme("fr.siren", r"\d{9}", 0.1, fr_siren.validate),
    Scheme("fr.siret", r"\d{14}", 0.03, fr_siret.validate),
    Scheme("in.gstin", r"\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]{3}", 0.03, in_gstin.validate),
    Scheme("jp.cn", r"[1-9]\d{12}", 0.12, jp_cn.validate),
    Scheme("kr.brn", r"\d{10}", 0.3, kr_brn.validate, dashed=r"\d{3}-\d{2}-\d{5}"),
    Scheme("sg.uen", r"\d{8,9}[A-Z]|[TSR]\d{2}[A-Z]{2}\d{4}[A-Z]", 0.1, sg_uen.validate),
    Scheme("tw.ubn", r"\d{8}", 0.2, tw_ubn.validate),
    Scheme("us.ein", r"\d{9}", 0.3, us_ein.validate, dashed=r"\d{2}-\d{7}"),
)
"""Codes of legal entities."""

_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}"  # American Express, Diners
    r"|(?:62\d|81[0-7])\d{13,16}"  # UnionPay
    r"|9558\d{15}|(?:6011|64[4-9]\d|65\d{2})\d{12}|35(?:2[89]|[3-8]\d)\d{12}"  # older Chinese, Discover, JCB
    r"|220[0-4]\d{12}|(?:508[5-9]|60(?:69|7\d|8[0-4]))\d{12}"  # Mir, RuPay
)
"""First digits that card schemes have been given (ISO/IEC 7812), with their lengths."""
_CARD_INSIDE = re.compile(r"(?<![0-9A-Za-z])\d(?:[ \-]?\d){12,18}(?![0-9A-Za-z])")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[0-9A-Z]{11,30}")


def look_for(schemes: tuple[Scheme, ...]) -> Callable[[Column], Iterator[Tally]]:
    """How a column is looked at for these numbers: whole values, and pieces of longer texts."""
    prepared = [
        (one, re.compile(one.shape), re.compile(one.dashed) if one.dashed else None, _inside(one.inside)) for one in schemes
    ]

    def look(column: Column) -> Iterator[Tally]:
        for scheme, shape, dashed, inside in prepared:
            candidates = matched = 0
            samples: list[str] = []
            for value in column.values:
                for number in _candidates(value, shape, dashed, inside):
                    candidates += 1
                    if scheme.fits(number):
                        matched += 1
                        samples.append(value.raw)
            if candidates:
                weak = scheme.chance >= _WEAK_CHANCE
                yield Tally(
                    scheme=scheme.name,
                    candidates=candidates,
                    matched=matched,
                    chance=scheme.chance,
                    ceiling=_WEAK_CEILING if weak else 0.99,
                    samples=tuple(samples[:SAMPLES]),
                )

    return look


def look_for_cards(column: Column) -> Iterable[Tally]:
    """Cards by issuer and Luhn digit, accounts by IBAN."""
    cards = [number for one in column.values if (number := _card(one))]
    yield _tally("card", cards, luhn.is_valid, chance=0.1)
    accounts = [(one.compact, one.raw) for one in column.values if _IBAN.fullmatch(one.compact)]
    yield _tally("iban", accounts, iban.is_valid, chance=0.01)


def _card(value: Value) -> tuple[str, str] | None:
    if _ISSUERS.fullmatch(value.compact):
        return value.compact, value.raw
    if len(value.text) <= 19:
        return None
    for found in _CARD_INSIDE.findall(value.text):
        number = re.sub(r"\D", "", found)
        if _ISSUERS.fullmatch(number):
            return number, value.raw
    return None


def _tally(scheme: str, found: list[tuple[str, str]], fits: Callable[[str], bool], *, chance: float) -> Tally:
    good = [raw for number, raw in found if fits(number)]
    return Tally(scheme=scheme, candidates=len(found), matched=len(good), chance=chance, samples=tuple(good[:SAMPLES]))


def _candidates(value: Value, shape: Form, dashed: Form | None, inside: Form | None) -> list[str]:
    if dashed is None and shape.fullmatch(value.compact):
        return [value.compact]
    if dashed is not None and dashed.fullmatch(value.text.upper()):
        return [value.text.upper()]
    if inside is None:
        return []
    return [found.upper() for found in inside.findall(value.text)]


def _inside(expression: str) -> Form | None:
    return re.compile(rf"(?<![0-9A-Za-z])(?:{expression})(?![0-9A-Za-z])") if expression else None


NATIONAL_ID = Detector(
    name="national-id",
    says="Identifiers that a state gives to persons, by their check digits: " + ", ".join(one.name for one in PERSONAL),
    rests_on="python-stdnum",
    columns=("national-id",),
    named=0.6,
    look=look_for(PERSONAL),
)
BANK_CARD = Detector(
    name="bank-card",
    says="Payment cards by the first digits of their issuers and the Luhn digit, accounts by IBAN",
    rests_on="python-stdnum; issuer ranges of Visa, Mastercard, American Express, Diners, UnionPay, Discover, JCB, Mir, RuPay",
    columns=("bank-card",),
    named=0.55,
    look=look_for_cards,
)
COMPANY_CODE = Detector(
    name="company-code",
    says="Codes of legal entities by their check digits: " + ", ".join(one.name for one in COMPANIES),
    rests_on="python-stdnum",
    columns=("company-code",),
    named=0.6,
    look=look_for(COMPANIES),
)
