"""Coefficients of the polynomials in lib/Elementary, by Lawson's iteration.

`python utils/minimax.py > lib/Elementary/Coefficients.h` writes all fits; names select some. A fit minimises
|weight(x) * (f(x) - p(x))| on an interval, for p of a given degree; coefficients are then rounded one by one, lowest
power first, and the others fitted again around each rounded one, so rounding costs next to nothing.
"""

import sys

from mpmath import mp, mpf

mp.prec = 240


def lawson(f, weight, low, high, powers, fixed):
    """Coefficients of `powers`, given those in `fixed` {power: value}: least squares, reweighted towards the greatest
    error. It stays solvable where the powers that are left have no exchange (odd ones on a symmetric interval)."""
    n = 16 * (len(powers) + len(fixed))
    grid = [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * (i + mpf(1) / 2) / n) for i in range(n)]
    weights = [weight(x) for x in grid]
    right = [w * (f(x) - sum(c * x**p for p, c in fixed.items())) for x, w in zip(grid, weights)]
    rows = [[w * x**p for p in powers] for x, w in zip(grid, weights)]
    mass = [mpf(1) / n] * n
    for _ in range(12):
        m = len(powers)
        normal = mp.matrix(m, m)
        side = mp.matrix(m, 1)
        for row, y, w in zip(rows, right, mass):
            for i in range(m):
                side[i] += w * row[i] * y
                for j in range(i + 1):
                    normal[i, j] += w * row[i] * row[j]
        for i in range(m):
            for j in range(i):
                normal[j, i] = normal[i, j]
        c = list(mp.lu_solve(normal, side))
        errors = [abs(y - sum(a * b for a, b in zip(row, c))) for row, y in zip(rows, right)]
        total = sum(w * e for w, e in zip(mass, errors))
        if total == 0:
            break
        mass = [w * e / total for w, e in zip(mass, errors)]
    return c


def rounded(x, bits):
    if x == 0:
        return mpf(0)
    scale = mpf(2) ** (bits - 1 - int(mp.floor(mp.log(abs(x), 2))))
    return mp.nint(x * scale) / scale


def literal(x):
    return float(x).hex() if x == mpf(float(x)) else mp.nstr(x, 20)


def fit(f, low, high, degree, bits, weight=lambda x: 1, first=0):
    low, high = mpf(low), mpf(high)
    fixed = {}
    powers = list(range(first, degree + 1))
    while powers:
        c = lawson(f, weight, low, high, powers, fixed)
        fixed[powers[0]] = rounded(c[0], bits)
        powers = powers[1:]
    grid = [low + (high - low) * i / 2000 for i in range(2001)]
    worst = max(abs(weight(x) * (f(x) - sum(c * x**p for p, c in fixed.items()))) for x in grid)
    return [fixed[p] for p in sorted(fixed)], worst


def fit_ratio(f, high, over, under, bits):
    """p, then q, of f(z) = p(z) / (1 + z q(z)) on [0, high], about least in relative error; rounded at once."""
    n = 300
    grid = [mpf(high) * ((1 - mp.cos(mp.pi * (i + mpf(1) / 2) / n)) / 2) ** 2 for i in range(n)]
    values = [f(z) for z in grid]
    scale, mass = [1 / v for v in values], [mpf(1) / n] * n
    m = over + 1 + under
    for _ in range(24):
        normal, side = mp.matrix(m, m), mp.matrix(m, 1)
        rows = [[w * z**i for i in range(over + 1)] + [-w * v * z**i for i in range(1, under + 1)]
                for z, v, w in zip(grid, values, scale)]
        for row, v, w, s in zip(rows, values, mass, scale):
            for i in range(m):
                side[i] += w * row[i] * v * s
                for j in range(m):
                    normal[i, j] += w * row[i] * row[j]
        c = list(mp.lu_solve(normal, side))
        below = [1 + sum(q * z**(i + 1) for i, q in enumerate(c[over + 1:])) for z in grid]
        errors = [abs(mp.polyval(c[over::-1], z) / d / v - 1) for z, d, v in zip(grid, below, values)]
        total = sum(w * e for w, e in zip(mass, errors))
        mass = [w * (e + max(errors) / 50) / total for w, e in zip(mass, errors)]
        mass = [w / sum(mass) for w in mass]
        scale = [1 / (v * d) for v, d in zip(values, below)]
    return [rounded(x, bits) for x in c], max(errors)


def root(f):
    """f(sqrt z) for even f, also at 0."""
    return lambda z: f(mp.sqrt(max(z, mpf(10)**-12)))


def erfc_scaled(x):
    return mp.erfc(x) * mp.exp(x * x) * (1 + 2 * x)


half_log2 = mp.log(2) / 2 * mpf("1.002")
quarter = mp.pi / 4 * mpf("1.0001")
s_max = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * mpf("1.0005")

exp_rest = lambda x: (mp.exp(x) - 1 - x) / x**2 if x else mpf(1) / 2
FITS = {
    # exp(r) = 1 + r + r^2 p(r)
    "exp64": lambda: fit(exp_rest, -half_log2, half_log2, 9, 53, lambda x: x**2 + mpf("1e-3")),
    "exp32": lambda: fit(exp_rest, -half_log2, half_log2, 4, 24, lambda x: x**2 + mpf("1e-3")),
    "exp32_fast": lambda: fit(exp_rest, -half_log2, half_log2, 3, 24, lambda x: x**2 + mpf("1e-3")),
    # 2^f = 1 + f p(f), 0 <= f < 1
    "exp2_below32": lambda: fit(lambda f: (mpf(2)**f - 1) / f if f else mp.log(2), 0, 1, 4, 24,
                                lambda f: (f + mpf("1e-4")) / mpf(2)**f),
    # log(1 + f) = 2 s + s z p(z), s = f / (2 + f), z = s^2
    "log64": lambda: fit(root(lambda s: (2 * mp.atanh(s) / s - 2) / s**2), 0, s_max**2, 6, 53),
    # sin(r) = r + r z p(z); cos(r) = 1 - z/2 + z^2 p(z); z = r^2
    "sin64": lambda: fit(root(lambda x: (mp.sin(x) / x - 1) / x**2), 0, quarter**2, 5, 53, lambda z: z + mpf("1e-3")),
    "cos64": lambda: fit(root(lambda x: (mp.cos(x) - 1 + x**2 / 2) / x**4), 0, quarter**2, 5, 53, lambda z: z**2 + mpf("1e-3")),
    # atan(t) = t + t z p(z), |t| <= 7/16; asin(t) = t + t z p(z), |t| <= 1/2
    "atan64": lambda: fit(root(lambda x: (mp.atan(x) / x - 1) / x**2), 0, mpf("0.4385")**2, 10, 53, lambda z: z + mpf("1e-3")),
    "asin64": lambda: fit(root(lambda x: (mp.asin(x) / x - 1) / x**2), 0, mpf("0.25001"), 12, 53, lambda z: z + mpf("1e-3")),
    # erf(x) = x + x p(z), |x| <= 27/32
    "erf64": lambda: fit(root(lambda x: mp.erf(x) / x - 1), 0, mpf("0.8438")**2, 11, 53),
    # erfc(x) exp(x^2) (1 + 2x) = p(t), t = (x - 4) / (x + 4), x in [0.46, 28]
    "erfc64": lambda: fit(lambda t: erfc_scaled(4 * (1 + t) / (1 - t)), mpf("-0.7938"), mpf("0.7501"), 23, 53),
    # cbrt(m) on [1, 2], a start for the iteration
    "cbrt64": lambda: fit(mp.cbrt, 1, 2, 4, 53),
    # log(m) = 2 s + 2/3 s^3 + s^5 p(z): what is left to a double in pow
    "pow64": lambda: fit(root(lambda s: (2 * mp.atanh(s) / s - 2 - 2 * s**2 / 3) / s**4), 0, s_max**2, 6, 53),
    # log(1 + f) = f - f^2/2 + f^3 p(f)
    "log32": lambda: fit(lambda f: (mp.log(1 + f) - f + f**2 / 2) / f**3, mp.sqrt(mpf("0.4999")) - 1,
                         mp.sqrt(mpf("2.001")) - 1, 7, 24, lambda f: f**2),
    # tanh(x) = x + x z p(z), |x| <= 1
    "tanh32": lambda: fit(root(lambda x: (mp.tanh(x) / x - 1) / x**2), 0, mpf("1.001"), 7, 24, lambda z: z + mpf("1e-3")),
    # tanh(x) = x p(z) / (1 + z q(z)), |x| <= 7.91: p, then q
    "tanh32_fast": lambda: fit_ratio(root(lambda x: mp.tanh(x) / x), mpf("7.91")**2, 4, 3, 24),
    # erf(x) = x + x p(z), |x| <= 1; erf(x) = 1 - exp(-x p(x)), 1 <= x <= 4
    "erf32": lambda: fit(root(lambda x: mp.erf(x) / x - 1), 0, mpf("1.001"), 7, 24),
    "erfc32": lambda: fit(lambda x: -mp.log(mp.erfc(x)) / x, mpf("0.999"), mpf("4.05"), 7, 24,
                          lambda x: x * mp.erfc(x)),
    # erf(x) = 1 - 2^(-x p(x)), in relation to erf.
    "erf_near32": lambda: fit(lambda x: -mp.log(mp.erfc(x), 2) / x, mpf("1e-6"), mpf("4.05"), 6, 24,
                              lambda x: mp.erfc(x) * x / mp.erf(x)),
    # 2^f = 1 + f p(f)
    "exp2_near32": lambda: fit(lambda f: (mpf(2)**f - 1) / f if f else mp.log(2), mpf("-0.5001"), mpf("0.5001"), 4, 24),
}

HEADER = """//===- Coefficients.h - Polynomials of the recipes --------------*- C++ -*-===//
//
// Written by utils/minimax.py, which says what each one approximates.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_ELEMENTARY_COEFFICIENTS_H
#define EINFALL_LIB_ELEMENTARY_COEFFICIENTS_H

namespace einfall::elementary {
"""
FOOTER = """
} // namespace einfall::elementary

#endif"""

if __name__ == "__main__":
    print(HEADER)
    for name in sys.argv[1:] or FITS:
        c, worst = FITS[name]()
        print(f"// Greatest weighted error {mp.nstr(worst, 3)}.")
        print(f"inline constexpr double k{name.title().replace('_', '')}[] = {{{', '.join(literal(x) for x in c)}}};")
    print(FOOTER)
