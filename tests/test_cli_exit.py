"""A model that ends the process is no pass."""

import os
from pathlib import Path

import pandas as pd
import pytest

from auditkit.cli import main
from auditkit.cli_exit import kept_alive


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    return int(left.value.code or 0)


@pytest.mark.parametrize("where", ["import os\nos._exit(0)\n", "import os\ndef model(frame):\n    os._exit(0)\n"])
def test_a_model_that_leaves_on_the_spot_gives_3(
    where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = os._exit
    pd.DataFrame({"sex": ["f", "m"] * 40, "x": range(80), "y": ["yes", "no", "no", "yes"] * 20}).to_csv(
        tmp_path / "rows.csv", index=False
    )
    name = f"leaves_{len(where)}"
    (tmp_path / f"{name}.py").write_text(where)
    (tmp_path / "audit.yaml").write_text(
        f'name: m\nmodel: {{python: "{name}:model"}}\ndata: {{test: rows.csv}}\n'
        'columns: {label: y, favorable: "yes", sensitive: [sex]}\n'
    )
    assert call("run", tmp_path / "audit.yaml", "--quiet") == 3
    assert "left with exit code 0; nothing was written" in capsys.readouterr().err
    assert not (tmp_path / "auditkit-report").exists()
    assert os._exit is before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_may_still_end_on_the_spot() -> None:
    with kept_alive():
        child = os.fork()
        if child == 0:
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        with pytest.raises(SystemExit):
            os._exit(0)
