"""Personal data in cells, beside Presidio: cells per CPU second, recall and precision on the tests' labelled cells.

    python benchmarks/personal_data.py [--quick] [--json FILE] [--presidio-venv DIR]

Both see the same cells (tests/attacks/probe.py). Presidio runs offline with an empty language pipeline and only the
entities that both know, at its default score of 0.5 or more; it gets an environment of its own, which this file makes.
Recall is of the kinds that both know; the labelled cells are ours, so read recall and precision with that in mind.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

SHARED = {
    "EMAIL_ADDRESS": "e-mail address",
    "IBAN_CODE": "IBAN",
    "CREDIT_CARD": "payment card",
    "US_SSN": "US Social Security number",
    "IP_ADDRESS": "IP address",
    "PHONE_NUMBER": "phone number",
}

PEER = """
import json, sys, time
import spacy, tldextract
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import SpacyNlpEngine

tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())

class Empty(SpacyNlpEngine):
    def __init__(self):
        super().__init__()
        self.nlp = {"en": spacy.blank("en")}
    def load(self):
        pass

names = json.loads(sys.argv[2])
cells = json.load(open(sys.argv[1]))
engine = AnalyzerEngine(nlp_engine=Empty(), supported_languages=["en"])
how = dict(language="en", entities=list(names), score_threshold=float(sys.argv[3]))
for cell in cells[:50]:
    engine.analyze(text=cell, **how)
began = time.process_time()
found = [sorted({names[one.entity_type] for one in engine.analyze(text=cell, **how)}) for cell in cells]
print(json.dumps({"seconds": time.process_time() - began, "found": found}))
"""


def labelled_cells() -> list[tuple[str, str | None]]:
    """Return the cells of the tests."""
    path = Path(__file__).resolve().parent.parent / "tests" / "attacks" / "probe.py"
    spec = importlib.util.spec_from_file_location("probe", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: list[tuple[str, str | None]] = module.probe()
    return found


def scored(cells: list[tuple[str, str | None]], found: list[Any]) -> tuple[float, float]:
    """Return recall and precision over the kinds that both know."""
    shared = set(SHARED.values())
    wanted = sum(kind in shared for _, kind in cells)
    right = sum(kind in shared and kind in set(kinds) for (_, kind), kinds in zip(cells, found, strict=True))
    wrong = sum(len((set(kinds) & shared) - {kind}) for (_, kind), kinds in zip(cells, found, strict=True))
    return right / wanted, right / max(1, right + wrong)


def main() -> int:
    """Print the table; return 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--presidio-venv", type=Path)
    given = parser.parse_args()
    from auditkit.attacks.personal_data import kinds_in

    cells = labelled_cells()
    texts = [text for text, _ in cells]
    seconds = []
    for _ in range(3 if given.quick else 9):
        began = time.process_time()
        ours = [kinds_in(text) for text in texts]
        seconds.append(time.process_time() - began)
    rate = len(cells) / statistics.median(seconds)
    recall, precision = scored(cells, ours)
    print(
        f"auditkit: {rate:,.0f} cells a second, recall {recall:.3f}, precision {precision:.3f} of {len(cells):,} cells"
    )
    table: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        home = given.presidio_venv or Path(name) / "venv"
        python = home / "bin" / "python"
        if not python.exists():
            venv.create(home, with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", "presidio-analyzer"], check=True)
        file = Path(name) / "cells.json"
        file.write_text(json.dumps(texts))
        for threshold in ("0.5", "0.01"):
            call = [python, "-c", PEER, str(file), json.dumps(SHARED), threshold]
            said = json.loads(subprocess.run(call, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
            theirs = len(cells) / said["seconds"]
            peer_recall, peer_precision = scored(cells, said["found"])
            holds = rate >= 10 * theirs and recall >= peer_recall
            print(
                f"presidio at score {threshold}: {theirs:,.0f} cells a second, recall {peer_recall:.3f}, precision "
                f"{peer_precision:.3f}; ratio {rate / theirs:.1f}, bar 10 at no lower recall: {'holds' if holds else 'MISSED'}"
            )
            row = {
                "name": f"cells a second, presidio at {threshold}",
                "ours": rate,
                "theirs": theirs,
                "unit": "cells/s",
            }
            table.append({**row, "ratio": rate / theirs, "bar": ">= 10x", "holds": holds})
    if given.json:
        given.json.write_text(json.dumps(table, indent=1))
    return int(any(row["holds"] is False for row in table))


if __name__ == "__main__":
    sys.exit(main())
