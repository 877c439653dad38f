"""Integer expressions over run-time sizes and rank coordinates, in canonical form.

An `Extent` is a polynomial with integer coefficients. Its atoms are
  * a symbol, `"s"`: a run-time size, at least 0;
  * a rank coordinate, `"%2"`: the coordinate of the rank number 2 of the op that holds the expression;
  * a coordinate read from an operand, `"$0"` (`as` in the textual form);
  * a quotient or remainder, `("floordiv" | "ceildiv" | "mod", Extent, Extent)`.
Equal expressions are equal objects under `==` and hash alike, whatever way they were written.
"""

from __future__ import annotations

from typing import Callable, Iterable, Mapping, Union

Atom = Union[str, tuple]
Monomial = tuple  # of atoms, sorted, with repetition
IntLike = Union[int, "Extent"]


def _key(atom: Atom):
    return (0, atom, "", "") if isinstance(atom, str) else (1, atom[0], str(atom[1]), str(atom[2]))


class Extent:
    """See the module's text. Immutable."""

    __slots__ = ("terms", "_hash")

    def __init__(self, terms: Mapping[Monomial, int]):
        self.terms = {m: c for m, c in terms.items() if c}
        self._hash = hash(frozenset(self.terms.items()))

    # -- building -------------------------------------------------------------------------------

    @staticmethod
    def of(value: IntLike) -> "Extent":
        return value if isinstance(value, Extent) else Extent({(): int(value)})

    @staticmethod
    def atom(name: Atom) -> "Extent":
        return Extent({(name,): 1})

    def __add__(self, other: IntLike) -> "Extent":
        out = dict(self.terms)
        for m, c in Extent.of(other).terms.items():
            out[m] = out.get(m, 0) + c
        return Extent(out)

    def __mul__(self, other: IntLike) -> "Extent":
        out: dict = {}
        for m, c in self.terms.items():
            for n, d in Extent.of(other).terms.items():
                mn = tuple(sorted(m + n, key=_key))
                out[mn] = out.get(mn, 0) + c * d
        return Extent(out)

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> "Extent":
        return self * -1

    def __sub__(self, other: IntLike) -> "Extent":
        return self + -Extent.of(other)

    def __rsub__(self, other: IntLike) -> "Extent":
        return Extent.of(other) - self

    # -- questions ------------------------------------------------------------------------------

    def __eq__(self, other) -> bool:
        if isinstance(other, int):
            return self.const == other
        return isinstance(other, Extent) and self.terms == other.terms

    def __hash__(self) -> int:
        return self._hash

    @property
    def const(self) -> int | None:
        """The value, if no atom is in it."""
        if not self.terms:
            return 0
        return self.terms[()] if len(self.terms) == 1 and () in self.terms else None

    @property
    def as_atom(self) -> Atom | None:
        """The atom, if the expression is one atom and nothing else."""
        if len(self.terms) == 1:
            (m, c), = self.terms.items()
            if c == 1 and len(m) == 1:
                return m[0]
        return None

    def atoms(self) -> set[str]:
        """All names in it, also those inside quotients."""
        out: set[str] = set()
        for m in self.terms:
            for a in m:
                out |= {a} if isinstance(a, str) else a[1].atoms() | a[2].atoms()
        return out

    # -- rewriting ------------------------------------------------------------------------------

    def subs(self, table: Mapping[str, IntLike], sizes: Mapping[str, "Extent"] | None = None) -> "Extent":
        """Replaces names; `sizes` tells the extents of rank coordinates, so that quotients simplify."""
        if not any(name in table for name in self.atoms()):
            return self
        out = Extent({})
        for m, c in self.terms.items():
            term = Extent.of(c)
            for a in m:
                if isinstance(a, str):
                    term = term * table.get(a, Extent.atom(a))
                else:
                    term = term * OPS[a[0]](a[1].subs(table, sizes), a[2].subs(table, sizes), sizes)
            out = out + term
        return out

    def evaluate(self, env: Mapping[str, object]):
        """The value with every name looked up in `env` (ints or integer arrays)."""
        total = 0
        for m, c in self.terms.items():
            term = c
            for a in m:
                if isinstance(a, str):
                    term = term * env[a]
                else:
                    x, y = a[1].evaluate(env), a[2].evaluate(env)
                    term = term * (x // y if a[0] == "floordiv" else -(-x // y) if a[0] == "ceildiv" else x % y)
            total = total + term
        return total

    # -- text -----------------------------------------------------------------------------------

    def __str__(self) -> str:
        return self.text(lambda name: name)

    __repr__ = __str__

    def text(self, name: Callable[[str], str]) -> str:
        """The textual form, each name printed through `name`."""
        def order(item):
            m, c = item
            return (c < 0, -len(m), [_key(a) for a in m])

        out = ""
        for m, c in sorted(self.terms.items(), key=order):
            factors = [str(abs(c))] if abs(c) != 1 or not m else []
            single = not factors and len(m) == 1 and c > 0
            factors += [_atom_text(a, name, single and len(self.terms) == 1) for a in m]
            body = " * ".join(factors)
            if not out:
                out = body if c > 0 else f"-{body}" if factors[0].isdigit() else f"-1 * {body}"
            else:
                out += (" + " if c > 0 else " - ") + body
        return out or "0"


def _atom_text(atom: Atom, name: Callable[[str], str], bare: bool) -> str:
    if isinstance(atom, str):
        return name(atom)

    def operand(e: Extent) -> str:
        text = e.text(name)
        return text if e.const is not None or isinstance(e.as_atom, str) else f"({text})"

    text = f"{operand(atom[1])} {atom[0]} {operand(atom[2])}"
    return text if bare else f"({text})"


def symbol(name: str) -> Extent:
    return Extent.atom(name)


def rank(k: int) -> Extent:
    """The coordinate of the rank number `k` of the op that will hold the expression."""
    return Extent.atom(f"%{k}")


def product(values: Iterable[IntLike]) -> Extent:
    out = Extent.of(1)
    for v in values:
        out = out * v
    return out


def known_nonnegative(e: Extent, sizes: Mapping[str, Extent] | None = None) -> bool:
    """True if `e >= 0` follows from `0 <= rank < size` and `symbol >= 0`. False means: not known."""
    sizes = sizes or {}
    low = Extent({})
    for m, c in e.terms.items():
        names = [a for a in m if isinstance(a, str) and a in sizes]
        if c > 0:
            if any(isinstance(a, tuple) and a[0] != "mod" and not known_nonnegative(a[1], sizes) for a in m):
                return False  # a quotient of what may be negative
            low = low + (Extent({}) if names else Extent({m: c}))
            continue
        term = Extent.of(c)
        for a in m:
            if isinstance(a, tuple):
                bound = _upper(a, sizes)
                term = term * bound if bound is not None else term * Extent.atom(a)
            else:
                term = term * (sizes[a] - 1 if a in sizes else Extent.atom(a))
        low = low + term
    return all(c >= 0 for c in low.terms.values())


def _upper(atom: tuple, sizes) -> Extent | None:
    if atom[0] == "mod":
        return atom[2] - 1
    return None


def divide(a: Extent, b: Extent) -> tuple[Extent, Extent]:
    """Polynomial division: `a = q * b + r`, with what the leading monomial of `b` divides in `q`."""
    if b.const is not None:
        n = b.const
        q = Extent({m: c // n for m, c in a.terms.items() if m and c // n and c % n == 0} if n else {})
        if n and a.terms.get((), 0) // n:
            q = q + a.terms[()] // n
        return q, a - q * b
    lead, coef = max(b.terms.items(), key=lambda mc: (len(mc[0]), [_key(x) for x in mc[0]]))
    q, r = Extent({}), a
    for _ in range(16):
        for m, c in r.terms.items():
            rest = _without(m, lead)
            if rest is not None and c % coef == 0:
                step = Extent({rest: c // coef})
                break
        else:
            break
        q, r = q + step, r - step * b
    return q, r


def _without(m: Monomial, part: Monomial) -> Monomial | None:
    rest = list(m)
    for a in part:
        if a not in rest:
            return None
        rest.remove(a)
    return tuple(rest)


def _in_range(r: Extent, b: Extent, sizes) -> bool:
    return known_nonnegative(r, sizes) and known_nonnegative(b - 1 - r, sizes)


def floordiv(a: IntLike, b: IntLike, sizes: Mapping[str, Extent] | None = None) -> Extent:
    a, b = Extent.of(a), Extent.of(b)
    if b == 1 or a == 0:
        return a
    if a.const is not None and b.const is not None:
        return Extent.of(a.const // b.const)
    q, r = divide(a, b)
    if r == 0 or _in_range(r, b, sizes):
        return q
    if b.const is None and q.terms and not known_nonnegative(r, sizes):
        q, r = Extent({}), a
    nested = r.as_atom
    if isinstance(nested, tuple) and nested[0] == "floordiv" and b.const and nested[2].const:
        return q + floordiv(nested[1], nested[2] * b, sizes)
    if b.const and r.const is None and known_nonnegative(-r, sizes):
        return q - ceildiv(-r, b, sizes)  # of a number that is not negative
    return q + Extent.atom(("floordiv", r, b))


def mod(a: IntLike, b: IntLike, sizes: Mapping[str, Extent] | None = None) -> Extent:
    a, b = Extent.of(a), Extent.of(b)
    if b == 1 or a == 0:
        return Extent.of(0)
    if a.const is not None and b.const is not None:
        return Extent.of(a.const % b.const)
    q, r = divide(a, b)
    if b.const is None and q.terms and not known_nonnegative(r, sizes):
        r = a
    if r == 0 or _in_range(r, b, sizes):
        return r
    return Extent.atom(("mod", r, b))


def ceildiv(a: IntLike, b: IntLike, sizes: Mapping[str, Extent] | None = None) -> Extent:
    a, b = Extent.of(a), Extent.of(b)
    if b == 1:
        return a
    if a.const is not None and b.const is not None:
        return Extent.of(-(-a.const // b.const))
    q, r = divide(a, b)
    return q if r == 0 else Extent.atom(("ceildiv", a, b))


OPS = {"floordiv": floordiv, "mod": mod, "ceildiv": ceildiv}
