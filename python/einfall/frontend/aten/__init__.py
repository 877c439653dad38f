"""One small function for each ATen operation, by theme. Importing this package fills the table."""

from . import composite, contractions, convolutions, creation, indexing, losses, pointwise, reductions, views  # noqa: F401
