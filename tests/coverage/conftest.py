"""Lets the tests of coverage share the sample records of rendering."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "rendering"))
