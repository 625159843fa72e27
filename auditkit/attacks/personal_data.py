"""Personal data in cells: by pattern, by check digits, and by what a column is called."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from auditkit.attacks import check_digits as check

_STREETS = (
    "street|st|road|rd|avenue|ave|boulevard|blvd|lane|ln|drive|dr|court|ct|place|pl|square|sq|terrace|way|close|crescent|"
    "highway|hwy|parkway|pkwy|row"
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of personal data.

    Attributes
    ----------
    name : str
    pattern : compiled regular expression
        What may be one, anywhere in a text.
    valid : callable
        Whether the match, without blanks and dashes and in capitals, is one.
    checked : bool
        Whether a check digit or a rule of the issuer is behind it.
    chance : float
        How often random digits of the right length would pass: a column of numbers is judged against it.
    """

    name: str
    pattern: re.Pattern[str]
    valid: Callable[[str], bool]
    checked: bool
    chance: float


def _any(_: str) -> bool:
    return True


def _kind(
    name: str, pattern: str, valid: Callable[[str], bool] = _any, *, checked: bool = True, chance: float = 0.0
) -> Kind:
    return Kind(name, re.compile(pattern, re.IGNORECASE), valid, checked, chance)


def _email(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    return (
        ".." not in text
        and not local.startswith(".")
        and not local.endswith(".")
        and len(local) <= 64
        and "-." not in domain
    )


def _ip(text: str) -> bool:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (found.is_unspecified or found.is_loopback)


def _phone(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return 8 <= len(digits) <= 15 and len(set(digits)) > 2


def _us_phone(text: str) -> bool:
    digits = re.sub(r"\D", "", text)[-10:]
    return digits[0] > "1" and digits[3] > "1" and digits[:3] not in ("555",) and len(set(digits)) > 2


# Between digits of a number that people write in parts; never two in a row.
_GAP = r"[ .\-]?"
_BEFORE, _AFTER = r"(?<![\w.+/\-])(?<!\d )", r"(?![\w/]|[.\-]\d)"


def _ibans() -> str:
    """Return a pattern with one alternative for each length, so that a word behind an account is not taken for a part."""
    lengths = sorted(set(check.IBAN_LENGTHS.values()))
    countries = {n: "|".join(code for code, length in check.IBAN_LENGTHS.items() if length == n) for n in lengths}
    return "|".join(rf"(?:{countries[n]})\d{{2}}(?: ?[A-Z0-9]){{{n - 4}}}" for n in lengths)


KINDS = (
    _kind("e-mail address", r"(?<![\w.%+\-])[\w.%+\-]{1,64}@(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}(?![\w\-])", _email, checked=False),
    _kind("IBAN", rf"{_BEFORE}(?:{_ibans()}){_AFTER}", check.iban, chance=0.0001),
    _kind("payment card", rf"{_BEFORE}(?:\d[ \-]?){{12,18}}\d{_AFTER}", check.card, chance=0.03),
    _kind("US Social Security number", rf"{_BEFORE}\d{{3}}([ \-])\d{{2}}\1\d{{4}}{_AFTER}", check.us_ssn),
    _kind("IP address", r"(?<![\w.:])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w:]|\.\d)", _ip, checked=False),
    _kind("IP address", r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:.])", lambda text: text.count(":") >= 2 and _ip(text) and len(text) > 6, checked=False),
    _kind("street address", rf"(?<![\w.])\d{{1,5}}[a-z]?,? (?:[NSEW]\.? )?(?:(?:(?-i:[A-Z])[\w'\-]+|\d{{1,3}}(?:st|nd|rd|th)) ){{1,3}}(?:{_STREETS})\b(?!')", checked=False),
    _kind("street address", r"(?<!\w)(?-i:[A-ZÄÖÜ])[\wäöüß\-]{2,}(?:straße|strasse|str\.|weg|platz|allee|gasse) \d{1,4} ?[a-h]?(?!\w)", checked=False),
    _kind("street address", r"(?<!\w)\d{1,4}(?: bis| ter)?,? (?:rue|avenue|boulevard|place|chemin|impasse|allée) (?:de |du |des |d'|la |le |les |l')*(?-i:[A-ZÉÈÀ])[\wéèàç'\-]+", checked=False),
    _kind("street address", r"(?<!\w)(?:calle|avenida|plaza|paseo|via|viale|piazza|corso) (?:de |del |di |della |la )*(?-i:[A-ZÁÉÍÓÚ])[\wáéíóúñ'\-]+(?: (?-i:[A-ZÁÉÍÓÚ])[\wáéíóúñ'\-]+)?,? (?:n\.?º? ?)?\d{1,4}(?!\w)", checked=False),
    _kind("national id (FR)", rf"{_BEFORE}[12]{_GAP}\d{{2}}{_GAP}\d{{2}}{_GAP}(?:\d{{2}}|2[AB]){_GAP}\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{2}}{_AFTER}", check.fr_nir, chance=0.001),
    _kind("national id (ES)", rf"{_BEFORE}(?:\d{{8}}|[XYZ]\d{{7}})\-?[A-HJ-NP-TV-Z]{_AFTER}", check.es_dni, chance=1 / 23),
    _kind("national id (IT)", rf"{_BEFORE}[A-Z]{{6}}\d{{2}}[ABCDEHLMPRST]\d{{2}}[A-Z]\d{{3}}[A-Z]{_AFTER}", check.it_codice_fiscale, chance=1 / 26),
    _kind("national id (FI)", rf"{_BEFORE}\d{{6}}[+\-A]\d{{3}}[0-9A-FHJ-NPR-Y]{_AFTER}", check.fi_hetu, chance=1 / 31),
    _kind("national id (GB)", rf"{_BEFORE}[A-Z]{{2}} ?\d{{2}} ?\d{{2}} ?\d{{2}} ?[A-D]{_AFTER}", check.gb_nino),
    _kind("national id (CN)", rf"{_BEFORE}[1-9]\d{{16}}[\dX]{_AFTER}", check.cn_resident, chance=0.002),
    _kind("national id (CH)", rf"{_BEFORE}756\.?\d{{4}}\.?\d{{4}}\.?\d{{2}}{_AFTER}", check.ch_ahv, chance=1 / 10_000),
    _kind("national id (BR)", rf"{_BEFORE}\d{{3}}\.?\d{{3}}\.?\d{{3}}\-?\d{{2}}{_AFTER}", check.br_cpf, chance=0.01),
    _kind("national id (BE)", rf"{_BEFORE}\d{{2}}\.?\d{{2}}\.?\d{{2}}\-?\d{{3}}\.?\d{{2}}{_AFTER}", check.be_national, chance=0.001),
    _kind("national id (NO)", rf"{_BEFORE}\d{{6}} ?\d{{5}}{_AFTER}", check.no_fnr, chance=0.001),
    _kind("national id (PL)", rf"{_BEFORE}\d{{11}}{_AFTER}", check.pl_pesel, chance=0.008),
    _kind("national id (DE)", rf"{_BEFORE}[1-9]\d ?\d{{3}} ?\d{{3}} ?\d{{3}}{_AFTER}", check.de_tax_id, chance=0.04),
    _kind("national id (SE)", rf"{_BEFORE}(?:19|20)?\d{{6}}[+\-]\d{{4}}{_AFTER}", lambda text: check.se_personnummer(re.sub(r"\D", "", text)[-10:]), chance=0.003),
    _kind("national id (IN)", rf"{_BEFORE}[2-9]\d{{3}} \d{{4}} \d{{4}}{_AFTER}", check.in_aadhaar, chance=0.1),
    _kind("national id (NL)", rf"{_BEFORE}\d{{4}}\.?\d{{2}}\.?\d{{3}}{_AFTER}", check.nl_bsn, chance=1 / 11),
    _kind("national id (CA)", rf"{_BEFORE}\d{{3}}[ \-]\d{{3}}[ \-]\d{{3}}{_AFTER}", check.ca_sin, chance=0.08),
    _kind("phone number", rf"{_BEFORE}(?:\+|00)[1-9]\d{{0,2}}(?:[ .\-/]?\(?0?\)?[ .\-/]?\d{{1,4}}){{2,6}}{_AFTER}", _phone, checked=False),
    _kind("phone number", r"(?<![\w.+/\-])(?:1[ .\-])?(?:\(\d{3}\) ?|\d{3}[.\-])\d{3}[.\- ]\d{4}(?![\w/]|[.\-]\d)", _us_phone, checked=False),
    _kind("phone number", rf"{_BEFORE}0[1-9](?:[ .]\d{{2}}){{4}}{_AFTER}", _phone, checked=False),
    _kind("phone number", rf"{_BEFORE}0\d{{2,5}}(?: \d{{3,4}}){{1,2}} ?\d{{2,4}}{_AFTER}|{_BEFORE}0\d{{2,4}}[/\-]\d{{5,9}}{_AFTER}", _phone, checked=False),
)  # fmt: skip

# A check digit that random numbers pass as often as this says nothing of a single cell without its usual signs.
_WEAK = 0.005
_SIGNS = re.compile(r"[ .\-]")
_STREET_WORD = re.compile(
    rf"\b(?:{_STREETS}|rue|avenue|boulevard|place|chemin|impasse|allée|calle|avenida|plaza|paseo|via|viale|piazza|corso)\b"
    r"|(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse) ",
    re.IGNORECASE,
)
_FEWEST_DIGITS = 6

NAMES = {
    "name of a person": r"\b(first|last|full|given|family|sur|middle|maiden|user|patient|customer|client|employee|applicant)? ?name\b|\bsurname\b|\bfirstname\b|\blastname\b|\bnachname\b|\bvorname\b|\bprenom\b|\bapellidos?\b|\bcognome\b",
    "e-mail address": r"\be ?mail( address)?\b|\bemail\b|\bcourriel\b",
    "phone number": r"\b(phone|mobile|telephone|tel|cell|fax|telefon|handy)( ?(number|no|nr))?\b",
    "address": r"\b(address|street|addr|adresse|strasse|direccion|indirizzo)\b",
    "national id": r"\b(ssn|social security|national id|nino|nhs|passport|driver s? ?licen[cs]e|tax id|steuer ?id|bsn|nir|dni|nie|cpf|pesel|aadhaar|personnummer|codice fiscale)( ?(number|no|nr))?\b",
    "account": r"\b(iban|account (number|no)|card (number|no)|credit card|ccn|bic)\b",
    "IP address": r"\b(ip|ip address|ipv4|ipv6|mac address)\b",
    "date of birth": r"\b(dob|date of birth|birth ?(date|day)|birthdate|geburtsdatum|date de naissance)\b",
    "location": r"\b(lat|latitude|lon|lng|longitude|gps|geo ?location)\b",
    "record of a person": r"\b(patient|customer|client|employee|person|user|member|applicant|medical record) ?(id|number|no|nr|key)\b|\bmrn\b",
}
_NAME_PATTERNS = {kind: re.compile(pattern) for kind, pattern in NAMES.items()}


def kinds_in(text: str) -> tuple[str, ...]:
    """Return the kinds of personal data in a text, each once, in a fixed order.

    A run of digits that many random numbers would pass as counts only if it is written with the usual gaps: a column of
    bare numbers is judged as a whole by `numbers_kind`.

    Examples
    --------
    >>> kinds_in("write to ada@example.org, card 4111 1111 1111 1111"), kinds_in("order 4111111111111112")
    (('e-mail address', 'payment card'), ())
    """
    found: dict[str, None] = {}
    taken: list[tuple[int, int]] = []
    for kind in _candidates(text):
        for match in kind.pattern.finditer(text):
            start, end = match.span()
            if any(start < there and here < end for here, there in taken):
                continue
            written = match.group()
            if kind.chance > _WEAK and written.isdigit() and kind.name != "payment card":
                continue
            if kind.valid(_compact(kind, written)):
                found[kind.name] = None
                taken.append((start, end))
    return tuple(found)


def _candidates(text: str) -> Iterator[Kind]:
    """Yield the kinds that a text has the signs of: most cells have none, and cost a look at their characters."""
    digits = sum(map(text.count, "0123456789"))
    street = digits > 0 and _STREET_WORD.search(text) is not None
    for kind in KINDS:
        if kind.name == "e-mail address":
            wanted = "@" in text
        elif kind.name == "street address":
            wanted = street
        elif kind.name == "IP address":
            wanted = text.count(":") >= 2 or (text.count(".") >= 3 and digits >= 4)
        else:
            wanted = digits >= _FEWEST_DIGITS
        if wanted:
            yield kind


def _compact(kind: Kind, written: str) -> str:
    if not kind.checked:
        return written
    if kind.name in ("national id (FI)", "national id (SE)"):
        return written.upper()
    return _SIGNS.sub("", written).upper()


def numbers_kind(numbers: Iterable[str]) -> str | None:
    """Return what a column of bare numbers is, if nearly all of its distinct values keep one check.

    All but 2 % of at least 20 distinct values must keep it, which random numbers do with a chance of at most 1 in 10¹⁰.
    """
    values = list(dict.fromkeys(numbers))
    if len(values) < 20:
        return None
    best: tuple[float, str] | None = None
    for kind in KINDS:
        if not kind.checked or not 0 < kind.chance <= 0.1:
            continue
        kept = sum(kind.pattern.fullmatch(value) is not None and kind.valid(value) for value in values)
        share = kept / len(values)
        if share >= 0.98 and (best is None or kind.chance < best[0]):
            best = (kind.chance, kind.name)
    return None if best is None else best[1]


def kind_by_name(column: str) -> str | None:
    """Return what a column holds by its name, or None.

    Examples
    --------
    >>> kind_by_name("customerEmail"), kind_by_name("patient_id"), kind_by_name("capital-gain")
    ('e-mail address', 'record of a person', None)
    """
    words = re.sub(r"([a-z])([A-Z])", r"\1 \2", column)
    words = re.sub(r"[\W_]+", " ", words).casefold().strip()
    return next((kind for kind, pattern in _NAME_PATTERNS.items() if pattern.search(words)), None)
