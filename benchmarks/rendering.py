"""Documents of one audit: CPU seconds of a PDF of 20 pages, first and warm, of pages, and their sizes.

    python benchmarks/rendering.py [--quick] [--json FILE] [--report FOLDER]

The audit is `auditkit demo`'s (or that in FOLDER, a report folder), the document its model card. A PDF has as many pages as
it has, so its seconds are told for 20 of them. "First" is the typesetting in a fresh process; "warm" is the same document again, of which
the typesetter remembers most. In rows on limits "theirs" is the limit. plutoprint, where it is installed, lays
out our own HTML, and its PDF has neither tags nor bookmarks: it is there to tell how dear those are, not as a like for like.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

DOCUMENT = "model_card"
PAGES, MOST_SECONDS, MOST_BYTES = 20, 1.0, 300_000

FRESH = """
import hashlib, json, resource, sys
from pathlib import Path
import auditkit as ak
from auditkit.rendering.documents import render_document
made = render_document(ak.load(sys.argv[1]), sys.argv[2], "pdf")
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([used.ru_utime + used.ru_stime, hashlib.sha256(made).hexdigest()]))
"""

COMPILED = """
import json, sys, time
from pathlib import Path
from auditkit.rendering.pdf import compile_pdf
text = Path(sys.argv[1]).read_text("utf-8")
began = time.process_time()
compile_pdf(text)
print(json.dumps(time.process_time() - began))
"""


def cpu(call: Callable[[], object], repeats: int) -> float:
    """Return the median CPU seconds of this process over `repeats` calls."""
    seconds = []
    for _ in range(repeats):
        began = time.process_time()
        call()
        seconds.append(time.process_time() - began)
    return statistics.median(seconds)


def demo(folder: Path) -> Path:
    """Make and audit the demo; return its report."""
    from auditkit.demo import make_demo
    from auditkit.run import run

    return run(make_demo(folder), progress=False, use_cache=False).folder


def source(record: Any) -> str:
    """Return what the typesetter is given."""
    from auditkit.rendering import documents, pdf

    kept: list[str] = []
    own = pdf.compile_pdf

    def keep(text: str, images: Any = None) -> bytes:
        kept.append(text)
        return own(text, images or {})

    pdf.compile_pdf = keep
    try:
        documents.render_document(record, DOCUMENT, "pdf")
    finally:
        pdf.compile_pdf = own
    return kept[0]


def pages_of(pdf: bytes) -> int:
    """Return how many pages a PDF has."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def fresh(program: str, *arguments: str, repeats: int) -> list[Any]:
    """Run a program in new processes; return what each printed."""
    command = [sys.executable, "-c", program, *arguments]
    return [json.loads(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(repeats)]


def measure(report: Path, repeats: int) -> list[dict[str, object]]:
    """Return the rows."""
    import auditkit as ak
    from auditkit.rendering.documents import render
    from auditkit.rendering.pdf import compile_pdf

    record = ak.load(report / "audit.json")
    made = render(record, documents=[DOCUMENT], formats=["html", "md", "pdf"])
    html, pdf = made[f"{DOCUMENT}.html"], made[f"{DOCUMENT}.pdf"]
    share = PAGES / pages_of(pdf)
    text = source(record)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "x.typ"
        file.write_text(text, "utf-8")
        first = statistics.median(fresh(COMPILED, str(file), repeats=repeats)) * share
    whole = fresh(FRESH, str(report / "audit.json"), DOCUMENT, repeats=repeats)
    warm = cpu(lambda: compile_pdf(text), repeats + 2) * share
    page = cpu(lambda: render(record, documents=[DOCUMENT], formats=["html"]), repeats)
    rows = [
        _limit(f"PDF of {PAGES} pages, first in a process, typesetting", first, MOST_SECONDS, "CPU s"),
        _limit(f"PDF of {PAGES} pages, warm, typesetting", warm, MOST_SECONDS, "CPU s"),
        _limit("HTML of the model card, warm, drawings kept", page, MOST_SECONDS, "CPU s"),
        _limit("HTML of the model card", len(html), MOST_BYTES, "bytes"),
    ]
    rows += [
        _limit("PDFs of processes that differ from each other", len({digest for _, digest in whole}) - 1, 0, "files"),
        _told(f"PDF of {PAGES} pages, a whole process with imports and drawings", _middle(whole) * share, "CPU s"),
        _told(f"PDF of {PAGES} pages", len(pdf) * share, "bytes"),
    ]
    return rows + _plutoprint(html.decode().replace('href="#', 'data-to="#'), first, repeats)


def _middle(whole: list[Any]) -> float:
    return statistics.median(seconds for seconds, _ in whole)


def _plutoprint(html: str, ours: float, repeats: int) -> list[dict[str, object]]:
    try:
        import plutoprint
    except ImportError:
        print("plutoprint is not installed; its row is left out", file=sys.stderr)
        return []
    import io

    def written() -> bytes:
        book = plutoprint.Book(plutoprint.PAGE_SIZE_A4)
        book.load_html(html)
        stream = io.BytesIO()
        book.write_to_pdf_stream(stream)
        return stream.getvalue()

    book = plutoprint.Book(plutoprint.PAGE_SIZE_A4)
    book.load_html(html)
    theirs = cpu(written, repeats) * PAGES / book.get_page_count()
    row = {
        "name": f"PDF of {PAGES} pages, first, beside plutoprint warm (untagged, no bookmarks)",
        "ours": ours,
        "theirs": theirs,
    }
    return [{**row, "unit": "CPU s", "ratio": theirs / ours, "bar": 0.0, "holds": True}]


def _limit(name: str, ours: float, limit: float, unit: str) -> dict[str, object]:
    ratio = ours / limit if limit else float(ours)
    return {
        "name": name,
        "ours": ours,
        "theirs": limit,
        "unit": unit,
        "ratio": ratio,
        "bar": 1.0 if limit else 0.0,
        "holds": ours <= limit,
    }


def _told(name: str, ours: float, unit: str) -> dict[str, object]:
    return {"name": name, "ours": ours, "theirs": ours, "unit": unit, "ratio": 1.0, "bar": 0.0, "holds": True}


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    print(f"{'':68}{'ours':>12}{'theirs':>12}{'unit':>8}{'ratio':>9}  holds")
    for row in rows:
        head = f"{row['name']:68}{row['ours']:>12,.4g}{row['theirs']:>12,.4g}{row['unit']:>8}"
        print(f"{head}{row['ratio']:>9.3g}  {'yes' if row['holds'] else 'NO'}")


def main() -> None:
    """Measure, print, and leave with 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two repeats of each")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--report", type=Path, metavar="FOLDER", help="a report folder, instead of the demo")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        rows = measure(chosen.report or demo(Path(scratch) / "demo"), 2 if chosen.quick else 5)
    show(rows)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    sys.exit(not all(row["holds"] for row in rows))


if __name__ == "__main__":
    main()
