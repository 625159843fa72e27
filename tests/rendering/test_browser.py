"""Pages in a headless Chromium: axe-core finds nothing, no width makes them scroll sideways, nothing is asked of anybody.

axe-core is not ours and not vendored: `.ci/run` fetches it, ``AUDITKIT_AXE`` names its axe.min.js; without it these tests are
skipped. A page forbids scripts, so axe is put into a copy without that rule; dark and print are made to apply in copies too.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import samples

from auditkit.record import Record
from auditkit.rendering.documents import DOCUMENTS, render_document

pytestmark = pytest.mark.browser

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
VIEWS = {  # a name, the frame's width and height, and what is changed in the copy
    "wide": (1440, 900, None),
    "narrow": (360, 780, None),
    "dark": (1440, 900, ("@media (prefers-color-scheme: dark)", "@media all")),
    "dark and narrow": (360, 780, ("@media (prefers-color-scheme: dark)", "@media all")),
    "print": (760, 1000, ("@media print", "@media all")),
}
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
ASK = """axe.run(document).then(found => parent.postMessage(JSON.stringify({
  view: VIEW, violations: found.violations.map(one => [one.id, one.help, one.nodes.map(node => node.target.join(" "))]),
  checks: found.passes.length, wanted: document.documentElement.scrollWidth, given: document.documentElement.clientWidth,
  asked: performance.getEntriesByType("resource").map(entry => entry.name)}), "*"))"""
LISTEN = """addEventListener("message", said => {
  const place = document.createElement("pre"); place.className = "said"; place.textContent = said.data; document.body.append(place)})"""


def axe() -> str:
    place = os.environ.get("AUDITKIT_AXE", "")
    if not place or not Path(place).is_file():
        pytest.skip("axe-core is not here: npm install axe-core, then AUDITKIT_AXE=node_modules/axe-core/axe.min.js")
    if not CHROMIUM:
        pytest.skip("chromium is not installed")
    return Path(place).read_text("utf-8")


def browse(folder: Path, *options: str) -> str:
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", *options]
    command += [f"--user-data-dir={folder / 'profile'}", str(folder / "frames.html")]
    return subprocess.run(command, capture_output=True, check=True, encoding="utf-8", timeout=180).stdout


def frames(folder: Path, page: str, views: dict[str, Any], script: str = "") -> None:
    """Write the page into one frame for each view, with the script in it."""
    parts = []
    for place, (view, (width, height, change)) in enumerate(views.items()):
        text = page.replace(*change) if change else page
        if script:
            said = f"<script>{script.replace('VIEW', json.dumps(view))}</script>"
            text = POLICY.sub("", text).replace("</body>", f"{said}</body>")
        (folder / f"{place}.html").write_text(text, encoding="utf-8")
        parts.append(f'<iframe src="{place}.html" style="width:{width}px;height:{height}px;border:0"></iframe>')
    # Listening begins before the first frame is asked for.
    text = f'<!doctype html><body style="margin:0"><script>{LISTEN}</script>{"".join(parts)}'
    (folder / "frames.html").write_text(text, encoding="utf-8")


def audited(page: str, folder: Path) -> dict[str, dict[str, Any]]:
    frames(folder, page, VIEWS, f"{axe()};{ASK}")
    shown = browse(folder, "--virtual-time-budget=120000", "--window-size=1500,1000", "--dump-dom")
    said = [json.loads(html.unescape(text)) for text in re.findall(r'<pre class="said">(.*?)</pre>', shown, re.DOTALL)]
    return {found["view"]: found for found in said}


def hostile() -> Record:
    name = "=cmd|'/C calc'!A0 שלום \u202e<script>#let{{7*7}}" + "x" * 10_000
    return samples.record(
        samples.decision(samples.FAILED, samples.WAIVED, verdict="fail", exit_code=1, policy=name),
        name=name,
        findings=(samples.parity(column=name, women=name), samples.performance()),
        card=dict.fromkeys(samples.EVERY_CARD_TEXT, name),
    )


def record_of(state: str) -> Record:
    return hostile() if state == "hostile" else samples.states()[state]


PAGES = [("fail", document) for document in DOCUMENTS]
PAGES += [(state, "gate_report") for state in ("synthetic", "died", "nothing at all", "hostile")]
PAGES += [("hostile", "model_card")]
PAGES += [
    ("said", document) for document in ("gate_report", "technical_file", "review_board_questionnaire", "coverage")
]


@pytest.mark.parametrize(("state", "document"), PAGES)
def test_axe_finds_no_violation_and_no_view_scrolls_sideways(state: str, document: str, tmp_path: Path) -> None:
    found = audited(render_document(record_of(state), document, "html").decode(), tmp_path)
    assert set(found) == set(VIEWS)
    for view, said in found.items():
        assert said["violations"] == [], view
        assert said["checks"] > 20, view
        assert said["wanted"] <= said["given"], view
        assert said["asked"] == [], view


def test_axe_would_tell_of_a_fault(tmp_path: Path) -> None:
    page = render_document(samples.states()["fail"], "gate_report", "html").decode()
    faulty = page.replace("--soft: #51575f", "--soft: #bbbbbb").replace('<html lang="en">', "<html>")
    told = {fault for fault, *_ in audited(faulty, tmp_path)["wide"]["violations"]}
    assert {"color-contrast", "html-has-lang"} <= told


@pytest.mark.parametrize(
    ("view", "paper"), [("wide", (255, 255, 255)), ("dark", (20, 23, 26)), ("narrow", (255, 255, 255))]
)
def test_a_screenshot_has_ink_on_its_paper(view: str, paper: tuple[int, int, int], tmp_path: Path) -> None:
    if not CHROMIUM:
        pytest.skip("chromium is not installed")
    image = pytest.importorskip("PIL.Image")
    frames(tmp_path, render_document(samples.states()["fail"], "gate_report", "html").decode(), {view: VIEWS[view]})
    width, height, _ = VIEWS[view]
    browse(tmp_path, f"--window-size={max(width, 500)},{height}", f"--screenshot={tmp_path / 'shot.png'}")
    with image.open(tmp_path / "shot.png") as shot:
        colours = shot.convert("RGB").crop((0, 0, width, height)).getcolors(1 << 24)
    most = max(colours)[1]
    assert most == paper
    assert sum(amount for amount, colour in colours if colour != paper) > 0.02 * width * height
