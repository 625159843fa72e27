"""What ``import auditkit as ak`` offers, and what it costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import auditkit as ak

GOLDEN = [
    "Audit",
    "AuditkitError",
    "Evidence",
    "Finding",
    "Measure",
    "Policy",
    "Subject",
    "Tally",
    "__version__",
    "audit",
    "auditor",
    "count_rows",
    "draw",
    "explain",
    "load",
    "render",
    "scan",
    "to_metric_frame",
    "track_training",
]
HEAVY = {
    "codecarbon", "duckdb", "fairlearn", "jinja2", "jsonschema", "matplotlib", "narwhals", "numpy", "pandas", "pyarrow",
    "rich", "scipy", "shap", "skops", "sklearn", "typst",
}  # fmt: skip

PREPARE = """
import warnings; warnings.simplefilter("error")
import sys
from pathlib import Path
import pandas as pd
import auditkit as ak

folder = Path(sys.argv[1])
label, decision, sex = ["yes", "no"] * 40, ["yes", "no", "no", "no"] * 20, (["F"] * 3 + ["M"] * 2) * 16
frame = pd.DataFrame({"y": label, "p": decision, "sex": sex})
def subject(): return ak.Subject(frame, label="y", prediction="p", favorable="yes", sensitive=["sex"])
(folder / "policy.yaml").write_text(
    "policy: p\\nrules:\\n  - {id: a, measure: performance.classification.accuracy, min: 0.5}\\n")
def audit(): return ak.audit(subject(), only=["fairness.demographic_parity"], progress=False)
def render(): return ak.render(audit(), folder / "out", decision=ak.Policy.load(folder / "policy.yaml").judge(audit()))
def load(): render(); return ak.load(folder / "out" / "audit.json")
def auditor():
    @ak.auditor(title="A title")
    def nothing(subject):
        '''Measures nothing.'''
        return []
    return nothing
def policy(): return ak.Policy.load(folder / "policy.yaml")
def count_rows(): return ak.count_rows(frame, ["sex"], label="y")
def scan(): frame.to_parquet(folder / "rows.parquet"); return ak.scan(folder / "rows.parquet").rows
def to_metric_frame():
    from fairlearn.metrics import selection_rate
    return ak.to_metric_frame(subject(), selection_rate)
def track_training():
    with ak.track_training(folder / "run.json", cpu_watts=10): pass
def explain():
    rows = pd.DataFrame({"x": [0.1, 0.4, 0.9], "y": [0, 0, 1]})
    return ak.explain(ak.Subject(rows, model=lambda given: given["x"].to_numpy(), label="y", features=["x"]), [0])
def error(): return ak.AuditkitError("got, wanted, do")
"""


def python(code: str, *arguments: str) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(ak.__file__).parents[1])}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_public_names_are_the_golden_list() -> None:
    assert ak.__all__ == GOLDEN


def test_every_public_name_resolves_and_is_listed_by_dir() -> None:
    assert [name for name in ak.__all__ if getattr(ak, name, None) is None] == []
    assert set(ak.__all__) <= set(dir(ak))


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'sbuject'"):
        ak.sbuject  # noqa: B018


@pytest.mark.parametrize(
    "call",
    [
        "subject",
        "audit",
        "render",
        "load",
        "auditor",
        "policy",
        "count_rows",
        "scan",
        "to_metric_frame",
        "track_training",
        "explain",
        "error",
    ],
)
def test_public_callable_works_twice_in_a_fresh_process(call: str, tmp_path: Path) -> None:
    assert python(f"{PREPARE}\n{call}(); {call}(); print('twice')", str(tmp_path)) == "twice"


@pytest.mark.parametrize("name", [name for name in GOLDEN if name != "__version__"])
def test_public_name_is_the_same_object_before_and_after_all_modules_are_imported(name: str) -> None:
    code = (
        "import pkgutil, importlib, auditkit as ak\n"
        f"first = ak.{name}\n"
        "skipped = ('__main__', 'lint')\n"
        "names = [m.name for m in pkgutil.walk_packages(ak.__path__, 'auditkit.') if not m.name.endswith(skipped)]\n"
        "[importlib.import_module(name) for name in names]\n"
        f"print(callable(first) and ak.{name} is first)"
    )
    assert python(code) == "True"


def test_import_loads_no_heavy_package() -> None:
    loaded = python("import sys, auditkit; print(*{name.partition('.')[0] for name in sys.modules})").split()
    assert HEAVY & set(loaded) == set()


def test_version_is_the_distribution_s() -> None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        installed = version("auditkit")
    except PackageNotFoundError:
        pytest.skip("auditkit is not installed, only on the path")
    assert ak.__version__ == installed
