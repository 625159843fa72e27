"""A labelled set of cells, with hard negatives: what `kinds_in` is measured on. All persons and numbers are made up.

Valid numbers are made here by their published rules, independently of the package: the check digit is found by search, so
that a shared mistake would need to be made twice.
"""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST = [
    "Ada",
    "Alan",
    "Emmy",
    "Grace",
    "Hedy",
    "Joan",
    "Karl",
    "Lise",
    "Max",
    "Niels",
    "Otto",
    "Rosa",
    "Chloé",
    "Søren",
    "Łucja",
]
LAST = ["Smith", "Garcia", "Müller", "Rossi", "Dubois", "Novak", "Silva", "Jensen", "Kowalski", "O'Brien", "van-Dijk"]
WORDS = [
    "the",
    "order",
    "was",
    "late",
    "and",
    "parcel",
    "arrived",
    "broken",
    "please",
    "check",
    "invoice",
    "total",
    "of",
    "next",
    "week",
    "thanks",
    "for",
    "help",
]
STREETS = ("Main Street", "Oak Avenue", "Elm St", "Long Road", "Park Lane", "King's Court", "5th Ave", "Sunset Blvd")
ABROAD = (
    "Hauptstraße {}",
    "Lindenweg {}",
    "{} rue de la Paix",
    "{} avenue Foch",
    "Calle Mayor {}",
    "Via Roma {}",
    "Schillerplatz {}",
)


def _mod97(text: str) -> int:
    return int("".join(str(int(letter, 36)) for letter in text)) % 97


def make_iban(rng: random.Random) -> str:
    country, length = rng.choice(
        [("DE", 22), ("FR", 27), ("GB", 22), ("NL", 18), ("ES", 24), ("IT", 27), ("NO", 15), ("PL", 28)]
    )
    letters = {"GB": 4, "NL": 4}.get(country, 0)
    body = "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(letters))
    body += "".join(rng.choice("0123456789") for _ in range(length - 4 - letters))
    check = next(f"{digits:02d}" for digits in range(2, 99) if _mod97(body + country + f"{digits:02d}") == 1)
    return country + check + body


def _searched(rng: random.Random, body: str, keeps: Callable[[str], bool], letters: str = "0123456789") -> str:
    return next(body + letter for letter in rng.sample(letters, len(letters)) if keeps(body + letter))


def _luhn_total(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value // 10 + value % 10
    return total


def make_card(rng: random.Random) -> str:
    start, length = rng.choice([("4", 16), ("51", 16), ("54", 16), ("37", 15), ("6011", 16), ("3530", 16)])
    body = start + "".join(rng.choice("0123456789") for _ in range(length - 1 - len(start)))
    return _searched(rng, body, lambda digits: _luhn_total(digits) % 10 == 0)


def make_ssn(rng: random.Random) -> str:
    area = rng.choice([number for number in range(1, 900) if number != 666])
    return f"{area:03d}-{rng.randint(1, 99):02d}-{rng.randint(1, 9999):04d}"


def make_dni(rng: random.Random) -> str:
    number = rng.randint(10_000_000, 99_999_999)
    return f"{number}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"


def make_nir(rng: random.Random) -> str:
    number = f"{rng.choice('12')}{rng.randint(0, 99):02d}{rng.randint(1, 12):02d}{rng.randint(1, 95):02d}{rng.randint(1, 999):03d}{rng.randint(1, 999):03d}"
    return number + f"{97 - int(number) % 97:02d}"


def make_cpf(rng: random.Random) -> str:
    digits = [rng.randint(0, 9) for _ in range(9)]
    for length in (10, 11):
        rest = sum(digit * weight for digit, weight in zip(digits, range(length, 1, -1), strict=True)) % 11
        digits.append(0 if rest < 2 else 11 - rest)
    text = "".join(map(str, digits))
    return f"{text[:3]}.{text[3:6]}.{text[6:9]}-{text[9:]}"


def make_hetu(rng: random.Random) -> str:
    day = f"{rng.randint(1, 28):02d}{rng.randint(1, 12):02d}{rng.randint(20, 99):02d}"
    serial = f"{rng.randint(2, 899):03d}"
    return f"{day}-{serial}{'0123456789ABCDEFHJKLMNPRSTUVWXY'[int(day + serial) % 31]}"


def make_bsn(rng: random.Random) -> str:
    while True:
        digits = [rng.randint(1, 9), *(rng.randint(0, 9) for _ in range(8))]
        if sum(digit * weight for digit, weight in zip(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True)) % 11 == 0:
            text = "".join(map(str, digits))
            return f"{text[:4]}.{text[4:6]}.{text[6:]}"


def make_nino(rng: random.Random) -> str:
    first, second = rng.choice("ABCEGHJKLMNPRSTWXYZ"), rng.choice("ABCEHJLMPRSTWXYZ")
    if first + second in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"):
        return make_nino(rng)
    digits = f"{rng.randint(0, 999999):06d}"
    return f"{first}{second} {digits[:2]} {digits[2:4]} {digits[4:]} {rng.choice('ABCD')}"


def make_email(rng: random.Random) -> str:
    first = rng.choice(FIRST[:12]).lower()
    last = "".join(letter for letter in rng.choice(LAST).lower() if letter.isascii() and letter.isalpha())
    domain = rng.choice(["example.org", "mail.example.com", "uni-x.ac.uk", "firma.de", "corp.io"])
    return rng.choice(
        [
            f"{first}.{last}@{domain}",
            f"{first}{rng.randint(1, 99)}@{domain}",
            f"{first}+news@{domain}",
            f"{first}_{last}@{domain}".upper(),
        ]
    )


def make_phone(rng: random.Random) -> str:
    a, b, c = rng.randint(201, 989), rng.randint(220, 989), rng.randint(1000, 9999)
    a += a == 555
    return rng.choice(
        [
            f"+1 {a} {b} {c}",
            f"({a}) {b}-{c}",
            f"{a}-{b}-{c}",
            f"+49 30 {rng.randint(100000, 9999999)}",
            f"+44 20 7946 {c}",
            f"+33 6 {rng.randint(10, 99)} {rng.randint(10, 99)} {rng.randint(10, 99)} {rng.randint(10, 99)}",
            f"06 {rng.randint(10, 99)} {rng.randint(10, 99)} {rng.randint(10, 99)} {rng.randint(10, 99)}",
            f"0171 {rng.randint(1000000, 9999999)}",
            f"{a}.{b}.{c}",
        ]
    )


def make_ip(rng: random.Random) -> str:
    if rng.random() < 0.7:
        return ".".join(str(rng.randint(1, 254)) for _ in range(4))
    return ":".join(f"{rng.randint(1, 65535):x}" for _ in range(8))


def make_address(rng: random.Random) -> str:
    if rng.random() < 0.6:
        return f"{rng.randint(1, 9999)} {rng.choice(STREETS)}"
    return rng.choice(ABROAD).format(rng.randint(1, 199))


MAKERS: dict[str, Callable[[random.Random], str]] = {
    "e-mail address": make_email,
    "IBAN": make_iban,
    "payment card": make_card,
    "US Social Security number": make_ssn,
    "phone number": make_phone,
    "IP address": make_ip,
    "street address": make_address,
    "national id (ES)": make_dni,
    "national id (FR)": make_nir,
    "national id (BR)": make_cpf,
    "national id (FI)": make_hetu,
    "national id (NL)": make_bsn,
    "national id (GB)": make_nino,
}


def _parted(rng: random.Random, kind: str, text: str) -> str:
    if kind == "IBAN" and rng.random() < 0.5:
        return " ".join(text[place : place + 4] for place in range(0, len(text), 4))
    if kind == "payment card" and len(text) == 16 and rng.random() < 0.6:
        return rng.choice(" -").join(text[place : place + 4] for place in range(0, 16, 4))
    if kind == "national id (FR)" and rng.random() < 0.5:
        return f"{text[0]} {text[1:3]} {text[3:5]} {text[5:7]} {text[7:10]} {text[10:13]} {text[13:]}"
    return text


def _said(rng: random.Random, text: str) -> str:
    words = rng.sample(WORDS, 6)
    return rng.choice(
        [
            text,
            f"{' '.join(words[:3])} {text} {' '.join(words[3:])}",
            f"contact: {text}",
            f"{' '.join(words)} ({text})",
            f"{text}; {words[0]}",
        ]
    )


def _broken(rng: random.Random, kind: str) -> str:
    """Something of the form that fails its check, or its rule."""
    text = MAKERS[kind](rng)
    if kind == "US Social Security number":
        return rng.choice(["000", "666", f"{rng.randint(900, 999)}"]) + text[3:]
    if kind == "e-mail address":
        return text.replace("@", rng.choice([" at ", "@@", "@-"]))
    place = rng.choice([index for index, letter in enumerate(text) if letter.isdigit() and index > len(text) // 2])
    return text[:place] + str((int(text[place]) + rng.randint(1, 9)) % 10) + text[place + 1 :]


def _harmless(rng: random.Random) -> str:
    number = rng.randint
    return rng.choice(
        [
            f"{number(1990, 2026)}-{number(1, 12):02d}-{number(1, 28):02d}",
            f"{number(1990, 2026)}-{number(1, 12):02d}-{number(1, 28):02d} {number(0, 23):02d}:{number(0, 59):02d}:{number(0, 59):02d}",
            f"{number(1, 28):02d}.{number(1, 12):02d}.{number(1990, 2026)}",
            f"{number(0, 23):02d}:{number(0, 59):02d}:{number(0, 59):02d}",
            str(number(0, 10 ** rng.choice([3, 6, 8]))),
            f"{rng.random() * 1000:.6f}",
            f"{number(1, 999)},{number(100, 999)},{number(100, 999)}.{number(10, 99)}",
            f"v{number(0, 9)}.{number(0, 20)}.{number(0, 20)}",
            f"order #{number(10**6, 10**8)}",
            f"SKU-{number(100, 999)}-{rng.choice('ABC')}{number(10, 99)}",
            f"{rng.getrandbits(128):032x}",
            f"{number(10, 99)}/{number(100, 999)}/{number(1000, 9999)}",
            f"{number(1, 30)} days left",
            f"{number(2, 40)} way split",
            f"ratio {number(1, 9)}:{number(1, 9)}",
            f"ISBN 978-{number(0, 9)}-{number(10, 99)}-{number(100000, 999999)}-{number(0, 9)}",
            f"{rng.random():.3e}",
            f"lat {rng.uniform(-90, 90):.5f}",
            f"room {number(1, 400)} at {number(1, 12)} pm",
            f"the {number(1, 20)}th street festival",
            f"{number(100, 999)} {number(100, 999)}",
            " ".join(rng.sample(WORDS, 7)),
            rng.choice(
                [
                    "Private",
                    "Married-civ-spouse",
                    "10th",
                    ">50K",
                    "?",
                    "N/A",
                    "Prof-specialty",
                    "@home",
                    "C:\\temp\\1",
                    "16:9",
                    "1:1:1",
                ]
            ),
        ]
    )


CHECKED = (
    "IBAN",
    "payment card",
    "US Social Security number",
    "national id (ES)",
    "national id (FR)",
    "national id (BR)",
    "national id (FI)",
    "national id (NL)",
)


def probe(seed: int = 7) -> list[tuple[str, str | None]]:
    """Return cells with the one kind that each holds, or None."""
    rng = random.Random(seed)
    cells: list[tuple[str, str | None]] = []
    for kind, make in MAKERS.items():
        cells += [(_said(rng, _parted(rng, kind, make(rng))), kind) for _ in range(90)]
    for kind in (*CHECKED, "e-mail address"):
        cells += [(_said(rng, _broken(rng, kind)), None) for _ in range(40)]
    cells += [(_harmless(rng), None) for _ in range(900)]
    return cells
