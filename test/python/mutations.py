"""Damage for tests of bad input."""

from __future__ import annotations

import random

LIMITS = (b"0", b"-1", b"2147483648", b"18446744073709551615", b"-9223372036854775808", b"1e999", b"null", b'""', b"[]", b"{}")


def mutated(data: bytes, rng: random.Random) -> bytes:
    """`data` with one to four edits of bytes, blocks and numbers; another text whenever `data` is not empty."""
    result = data
    while result == data:
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(result) + 1)
            kind = rng.randrange(7)
            if kind == 0:
                result = result[:at] + bytes([rng.randrange(256)]) + result[at + 1:]
            elif kind == 1:
                result = result[:at] + result[at + rng.randint(1, 12):]
            elif kind == 2:
                begin = rng.randrange(len(result) + 1)
                result = result[:at] + result[begin:begin + rng.randint(1, 24)] + result[at:]
            elif kind == 3:
                result = result[:at] + rng.choice(LIMITS) + result[at:]
            elif kind == 4 and result:
                result = result[:at] + rng.choice(b"(){}[]<>%#@!,:=\"'0123").to_bytes(1, "little") + result[at + 1:]
            elif kind == 5:
                digits = [k for k in range(len(result)) if 48 <= result[k] <= 57]
                if digits:
                    at = rng.choice(digits)
                    result = result[:at] + rng.choice(LIMITS[:5]) + result[at + 1:]
            elif rng.random() < 0.2:
                result = result[:at]
    return result
