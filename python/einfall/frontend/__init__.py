"""Frontends: PyTorch modules and Hugging Face checkpoints become `ein` text (docs/spec/ein.md)."""

from .causal_lm import import_causal_lm
from .errors import CheckpointError, FrontendError, UnsupportedOp, UnsupportedOpError
from .modules import import_module

__all__ = ["CheckpointError", "FrontendError", "UnsupportedOp", "UnsupportedOpError", "import_causal_lm", "import_module"]
