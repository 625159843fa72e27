"""What is told of a long audit while it runs."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import auditkit as ak
from auditkit.progress import json_lines


@pytest.mark.parametrize("isolate", [False, True])
def test_each_shadow_model_is_a_line_with_the_seconds_left(isolate: bool) -> None:
    rng = np.random.default_rng(0)
    frames = []
    for _ in range(2):
        frame = pd.DataFrame(rng.normal(size=(100, 2)), columns=["a", "b"])
        frames.append(frame.assign(y=(frame["a"] > 0).astype(int)))
    model = LogisticRegression().fit(frames[1][["a", "b"]], frames[1]["y"])
    lines: list[str] = []
    only = ["privacy.membership_inference"]
    subject = ak.Subject(frames[0], train=frames[1], model=model, label="y")
    ak.audit(subject, only=only, isolate=isolate, progress=json_lines(lines.append))
    told = [json.loads(line) for line in lines]
    steps = [line for line in told if line["event"] == "step"]
    assert [(line["what"], line["done"], line["of"]) for line in steps] == [
        ("shadow models", done, 8) for done in range(2, 9)
    ]
    assert all(line["seconds_left"] >= 0 for line in steps) and steps[-1]["seconds_left"] == 0
    assert told[-1]["event"] == "auditor" and told[-1]["id"] == "privacy.membership_inference"
