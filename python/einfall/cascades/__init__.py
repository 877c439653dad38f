"""`@einfall.cascade`: a cascade of extended Einsums written as maths in a Python function.

    @einfall.cascade
    def attention(q: "h s d", k: "h t d", v: "h t e", scale):
        w[h, s, t] = where(t <= s, sum[d](q[h, s, d] * k[h, t, d]) * scale, -inf)
        p[h, s, t] = exp(w[h, s, t] - m[h, s])
        ...
        return o[h, s, e]

The body is read, not run. docs/cascade.md is the language; this folder reads it (`source`, `signature`), gives
every expression a type (`values`), lowers it to the objects of `frontend.ir` (`expressions`, `indices`, `lowering`)
and compiles and calls it (`decorated`).
"""

from .decorated import Cascade, cascade
from .errors import CascadeError

__all__ = ["Cascade", "CascadeError", "cascade"]
