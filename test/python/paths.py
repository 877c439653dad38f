"""Folders that the tests of the Python package share."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("EINFALL_BUILD_DIR", ROOT / "build" / "dev"))
MODEL = ROOT / "test" / "models" / "tiny-llama"
