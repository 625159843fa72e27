"""Numbers of people and accounts that carry a check: whether a text can be one."""

from __future__ import annotations

from datetime import date

# Lengths of IBANs by country: the SWIFT IBAN registry (ISO 13616), release 99 of 2024.
IBAN_LENGTHS = {
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FI", "FO", "GL", "NL", "SD", "FK"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "KZ", "LT", "LU", "XK", "MN"), 20),
    **dict.fromkeys(("CH", "CR", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "BH", "DE", "GB", "GE", "IE", "ME", "RS", "VA"), 22),
    **dict.fromkeys(("AE", "GI", "IL", "IQ", "OM", "SO", "TL"), 23),
    **dict.fromkeys(("AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG"), 24),
    **dict.fromkeys(("LY", "PT", "ST"), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("BI", "DJ", "FR", "GR", "IT", "MC", "MR", "SM"), 27),
    **dict.fromkeys(("AL", "AZ", "BY", "CY", "DO", "GT", "HN", "HU", "LB", "NI", "PL", "SV"), 28),
    **dict.fromkeys(("BR", "EG", "PS", "QA", "UA", "YE"), 29),
    **dict.fromkeys(("JO", "KW", "MU"), 30),
    **dict.fromkeys(("MT", "SC"), 31),
    **dict.fromkeys(("LC",), 32),
    **dict.fromkeys(("RU",), 33),
}
_CARD_LENGTHS = ((("34", "37"), (15,)), (("36", "38", "300", "301", "302", "303", "304", "305"), (14,)))
_VERHOEFF_D = (
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
)
_VERHOEFF_P = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)
_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_FI = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_IT_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            2,
            4,
            18,
            20,
            11,
            3,
            6,
            8,
            12,
            14,
            16,
            10,
            22,
            25,
            24,
            23,
        ),
        strict=True,
    )
)


def luhn(digits: str) -> bool:
    """Return whether digits keep the Luhn check (ISO/IEC 7812-1).

    Examples
    --------
    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return (sum(map(int, digits[::-2])) + sum(number - 9 * (number > 9) for number in doubled)) % 10 == 0


def iban(text: str) -> bool:
    """Return whether a compact text is an IBAN: length by country and ISO 7064 modulus 97."""
    if IBAN_LENGTHS.get(text[:2]) != len(text) or not text[2:4].isdigit():
        return False
    turned = text[4:] + text[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1


def card(digits: str) -> bool:
    """Return whether digits are a payment card's: a known beginning, its length, and Luhn."""
    if len(set(digits)) < 2:
        return False
    for beginnings, own in _CARD_LENGTHS:
        if digits.startswith(beginnings):
            return len(digits) in own and luhn(digits)
    visa, mastercard = digits[0] == "4", "51" <= digits[:2] <= "55" or "2221" <= digits[:4] <= "2720"
    others = digits[:2] in ("35", "62", "65", "50", "56", "57", "58", "63", "67") or digits[:4] == "6011"
    lengths: tuple[int, ...] = (13, 16, 19) if visa else (16,) if mastercard else (16, 17, 18, 19)
    known = visa or mastercard or others
    return known and len(digits) in lengths and luhn(digits)


def us_ssn(digits: str) -> bool:
    """Return whether nine digits can be a US Social Security number: area, group and serial that were issued."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    never = digits in ("078051120", "219099999", "123456789")
    return not (area in ("000", "666") or area >= "900" or group == "00" or serial == "0000" or never)


def fr_nir(text: str) -> bool:
    """Return whether a text is a French NIR: 13 places and a key of modulus 97."""
    number = text[:13].replace("2A", "19").replace("2B", "18")
    month = text[3:5]
    plausible = month.isdigit() and (1 <= int(month) <= 12 or 20 <= int(month) <= 42 or 50 <= int(month) <= 99)
    return number.isdigit() and plausible and 97 - int(number) % 97 == int(text[13:])


def es_dni(text: str) -> bool:
    """Return whether a text is a Spanish DNI or NIE."""
    number = text[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return number.isdigit() and _DNI[int(number) % 23] == text[-1]


def it_codice_fiscale(text: str) -> bool:
    """Return whether a text is an Italian codice fiscale."""
    total = sum(_IT_ODD[letter] for letter in text[:15:2])
    total += sum(int(letter, 36) - (10 if letter.isalpha() else 0) for letter in text[1:15:2])
    return chr(65 + total % 26) == text[15]


def de_tax_id(digits: str) -> bool:
    """Return whether eleven digits are a German Steuer-ID (ISO 7064 modulus 11, 10)."""
    most = max(digits[:10].count(digit) for digit in set(digits[:10]))
    if digits[0] == "0" or most not in (2, 3):
        return False
    product = 10
    for digit in digits[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def nl_bsn(digits: str) -> bool:
    """Return whether nine digits keep the Dutch eleven test."""
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return digits != "000000000" and sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11 == 0


def be_national(digits: str) -> bool:
    """Return whether eleven digits are a Belgian national number."""
    if not _month_day(digits[2:4], digits[4:6]):
        return False
    number, key = digits[:9], int(digits[9:])
    return key in (97 - int(number) % 97, 97 - int("2" + number) % 97)


def pl_pesel(digits: str) -> bool:
    """Return whether eleven digits are a Polish PESEL."""
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
    month = str(int(digits[2:4]) % 20).zfill(2)
    keeps = sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 10 == 0
    return keeps and _month_day(month, digits[4:6])


def se_personnummer(digits: str) -> bool:
    """Return whether ten digits are a Swedish personnummer."""
    day = int(digits[4:6])
    return luhn(digits) and _month_day(digits[2:4], str(day - 60 if day > 60 else day).zfill(2))


def fi_hetu(text: str) -> bool:
    """Return whether a text such as 131052-308T is a Finnish personal identity code."""
    number = text[:6] + text[7:10]
    return _month_day(text[2:4], text[:2]) and _FI[int(number) % 31] == text[10]


def no_fnr(digits: str) -> bool:
    """Return whether eleven digits are a Norwegian birth number."""
    first, second = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
    sums = [sum(int(d) * w for d, w in zip(digits, weights, strict=False)) % 11 for weights in (first, second)]
    day = int(digits[:2])
    return sums == [0, 0] and _month_day(digits[2:4], str(day - 40 if day > 40 else day).zfill(2))


def ch_ahv(digits: str) -> bool:
    """Return whether thirteen digits are a Swiss AHV number (EAN-13, beginning with 756)."""
    return digits.startswith("756") and sum(int(d) * (1 + 2 * (place % 2)) for place, d in enumerate(digits)) % 10 == 0


def br_cpf(digits: str) -> bool:
    """Return whether eleven digits are a Brazilian CPF."""
    if len(set(digits)) == 1:
        return False
    for length in (9, 10):
        total = sum(int(d) * w for d, w in zip(digits, range(length + 1, 1, -1), strict=False))
        if total * 10 % 11 % 10 != int(digits[length]):
            return False
    return True


def in_aadhaar(digits: str) -> bool:
    """Return whether twelve digits are an Indian Aadhaar number (Verhoeff)."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = int(_VERHOEFF_D[check][int(_VERHOEFF_P[place % 8][int(digit)])])
    return digits[0] not in "01" and check == 0


def cn_resident(text: str) -> bool:
    """Return whether eighteen places are a Chinese resident number (ISO 7064 modulus 11-2)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(d) * w for d, w in zip(text[:17], weights, strict=True))
    return (
        "1900" <= text[6:10] <= "2099"
        and _month_day(text[10:12], text[12:14])
        and "10X98765432"[total % 11] == text[17]
    )


def ca_sin(digits: str) -> bool:
    """Return whether nine digits are a Canadian social insurance number."""
    return digits[0] not in "08" and luhn(digits)


def gb_nino(text: str) -> bool:
    """Return whether a text is a UK national insurance number; it has no check digit, but letters that never occur."""
    first, second = text[0], text[1]
    return (
        first not in "DFIQUV" and second not in "DFIQUVO" and text[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")
    )


def _month_day(month: str, day: str) -> bool:
    try:
        date(2024, int(month), int(day))  # a leap year
    except ValueError:
        return False
    return True
