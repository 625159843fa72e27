"""A decision as a badge: the verdict in words, as SVG."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from auditkit.exports.gate_lines import Sources, counted, decided
from auditkit.exports.plain_text import cut, visible
from auditkit.record import Record

_COLOURS = {"pass": "#1b6a47", "pass with warnings": "#845200", "fail": "#a12a1e", "not decided": "#51575f"}
_LEFT = 62
_WIDTHS = {**dict.fromkeys("ijl", 3.2), **dict.fromkeys("ft, ", 4.1), "w": 9.0}  # of 11 px signs; the others take 6.6


def badge(record: Record, _: Sources) -> bytes:
    """Return an SVG badge; its title says policy, day and how many rulings ended in each way."""
    decision = decided(record)
    word = decision.verdict + (", inconclusive in part" if decision.inconclusive else "")
    counts = ", ".join(f"{number} {status}" for status, number in counted(decision).items()) or "no ruling"
    policy = cut(visible(decision.policy), 200)
    title = escape(f"auditkit: {word} (policy {policy}, {decision.as_of.isoformat()}: {counts})")
    length = round(sum(_WIDTHS.get(sign, 6.6) for sign in word))
    right = length + 14
    width = _LEFT + right
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" viewBox="0 0 {width} 20" role="img" '
        f'aria-labelledby="auditkit-verdict">\n'
        f'<title id="auditkit-verdict">{title}</title>\n'
        f'<rect width="{width}" height="20" rx="3" fill="#17191c"/>\n'
        f'<path d="M{_LEFT} 0h{right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1 -3 3h-{right - 3}z" fill={quoteattr(_COLOURS[decision.verdict])}/>\n'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" aria-hidden="true">\n'
        f'<text x="7" y="14" textLength="48">auditkit</text>\n'
        f'<text x="{_LEFT + 7}" y="14" textLength="{length}">{escape(word)}</text>\n</g>\n</svg>\n'
    ).encode("utf-8", "replace")
