"""One small function for each ATen operation, by theme. Importing this package fills the table."""

from . import composite, contractions, creation, indexing, pointwise, reductions, views  # noqa: F401
