"""The Adult audit twice with nothing changed: what the second run costs, in CPU seconds of all its processes.

    python benchmarks/second_run.py [--quick] [--json FILE]

Documents included, one thread each, each first run in a fresh folder. The carbon loop is left out of the figure that is
judged, because it measures anew each time and runs for as long as its meter needs; the row with it is for information.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from adult import prepare

import auditkit

BAR = 0.1
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def audit(folder: Path, *extra: str) -> tuple[float, list[str], int]:
    """Return CPU seconds of one run and its children, the auditors that were not run again, and how many there are."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | THREADS
    command = [sys.executable, "-m", "auditkit", "run", str(folder / "audit.yaml"), "--quiet", *extra]
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):  # a policy that fails is an answer
            output.seek(0)
            sys.exit(f"exit code {process.returncode} from {' '.join(command)[:200]}\n{output.read()[-3000:]}")
    record = json.loads((folder / "auditkit-report" / "audit.json").read_bytes())
    findings = len(record["findings"]) + len(record["run"]["findings"])
    return usage.ru_utime + usage.ru_stime, record["run"]["cached"], findings


def pair(folder: Path, *extra: str) -> tuple[float, float]:
    """Return the CPU seconds of a first and of a second run; the second must take all but what a clock decides from before."""
    for name in (".auditkit-cache", "auditkit-report"):
        shutil.rmtree(folder / name, ignore_errors=True)
    first, none, _ = audit(folder, *extra)
    second, cached, findings = audit(folder, *extra)
    if none or len(cached) < findings - 1:
        sys.exit(f"the first run took {len(none)} findings from before, the second {len(cached)} of {findings}")
    return first, second


def measure(folder: Path, quick: bool) -> list[dict[str, Any]]:
    """Return the rows of the table."""
    prepare(folder)
    compileall.compile_dir(Path(auditkit.__file__).parent, quiet=1)  # as an installation does
    pairs = [pair(folder, "--skip", "carbon.inference") for _ in range(1 if quick else 3)]
    whole = pair(folder)
    first, second = (statistics.median(column) for column in zip(*pairs, strict=True))
    return [
        _row("second run of the Adult audit", second, first, BAR),
        _row("with the carbon loop, which is measured anew", whole[1], whole[0], None),
    ]


def _row(name: str, second: float, first: float, bar: float | None) -> dict[str, Any]:
    ratio = second / first
    return {
        "name": name,
        "ours": round(second, 2),
        "theirs": round(first, 2),
        "unit": "CPU s, second and first run",
        "ratio": round(ratio, 3),
        "bar": bar,
        "holds": bar is None or ratio <= bar,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="auditkit-second-run-") as folder:
        rows = measure(Path(folder), arguments.quick)
    print("| measured | second run, CPU s | first run, CPU s | ratio | bar | holds |")
    print("| --- | --- | --- | --- | --- | --- |")
    for row in rows:
        bar = "" if row["bar"] is None else f"≤ {row['bar']}"
        holds = "" if row["bar"] is None else ("yes" if row["holds"] else "NO")
        print(f"| {row['name']} | {row['ours']} | {row['theirs']} | {row['ratio']} | {bar} | {holds} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))
    return 0 if all(row["holds"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
