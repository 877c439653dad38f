"""Frontends: PyTorch modules and Hugging Face checkpoints become `ein` text (docs/spec/ein.md).

PyTorch is imported only when an importer is first used.
"""

from .errors import CheckpointError, FrontendError, UnsupportedOp, UnsupportedOpError

__all__ = ["CheckpointError", "FrontendError", "UnsupportedOp", "UnsupportedOpError", "import_causal_lm", "import_module"]


def __getattr__(name: str):
    if name == "import_causal_lm":
        from .causal_lm import import_causal_lm
        return import_causal_lm
    if name == "import_module":
        from .modules import import_module
        return import_module
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
