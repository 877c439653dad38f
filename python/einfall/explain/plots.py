"""The two pictures as plain SVG: a roofline, and memory over the steps."""

import math

from .text import count, escape, plural, seconds, size

WIDTH, LEFT, RIGHT = 900, 74, 18


def roofline(groups: list[dict], limits: dict | None, measured: bool) -> str:
    """Kernels by flops a byte; with limits under the machine's roof, with times where they were measured."""
    dots = [g for g in groups if g["intensity"]]
    if not dots:
        return ""
    xs = [g["intensity"] for g in dots]
    rates = [g["rate"] for g in dots if g["rate"]] if measured else []
    if not limits and not rates:
        return _strip(dots, xs)
    ridge = [peak / limits["bandwidth"] for _, peak in limits["compute"]] if limits else []
    x0, x1 = _decades(xs + ridge)
    tops = [peak for _, peak in limits["compute"]] if limits else rates
    lows = rates + ([min(xs) * limits["bandwidth"]] if limits else [])
    y0, y1 = _decades(tops + lows)
    height, top, bottom = 400, 34, 46
    x = lambda v: LEFT + (math.log10(v) - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)
    y = lambda v: height - bottom - (math.log10(v) - y0) / (y1 - y0) * (height - top - bottom)
    parts = _grid_x(x0, x1, x, top, height - bottom, "flops a byte moved")
    for power in range(y0, y1 + 1):
        parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(10**power):.1f}" y2="{y(10**power):.1f}"/>'
                     f'<text x="{LEFT - 8}" y="{y(10**power) + 4:.1f}" text-anchor="end">{_power(power)}</text>')
    parts.append(f'<text x="{LEFT - 8}" y="16" text-anchor="end">GFLOP/s</text>')
    if limits:
        parts += _roof(limits, x0, x1, y0, x, y)
    for g in dots:
        parts.append(_dot(g, limits, measured, x, y))
    return _svg(height, parts, f"Roofline of {plural(len(dots), 'kernel')}")


def _roof(limits, x0, x1, y0, x, y) -> list[str]:
    parts, bandwidth = [], limits["bandwidth"]
    for number, (name, peak) in enumerate(limits["compute"]):
        ridge = min(max(peak / bandwidth, 10**x0), 10**x1)
        low = max(10**x0, 10**y0 / bandwidth)
        slope = f"M{x(low):.1f} {y(low * bandwidth):.1f}L{x(ridge):.1f} {y(min(peak, ridge * bandwidth)):.1f}"
        parts.append(f'<path class="{"roof" if number == 0 else "roof2"}" d="{slope}H{x(10**x1):.1f}"/>'
                     f'<text x="{x(10**x1) - 4:.1f}" y="{y(peak) - 15:.1f}" text-anchor="end">'
                     f'{escape(name)} {count(peak * 1e9)}FLOP/s</text>')
    at = math.sqrt(low * ridge)
    parts.append(f'<text x="{x(at) - 10:.1f}" y="{y(at * bandwidth) - 8:.1f}" text-anchor="end">{bandwidth:g} GB/s</text>')
    return parts


def _dot(g, limits, measured, x, y) -> str:
    bound = min(limits["compute"][0][1], g["intensity"] * limits["bandwidth"]) if limits else None
    rate = g["rate"] if measured and g["rate"] else bound
    if not rate:
        return ""
    kind = " measured" if measured and g["rate"] else ""
    said = f"{g['name']} ×{g['count']}: {count(g['flops'])} flops, {size(g['bytes'])}, {g['intensity']:.3g} flops a byte"
    if g["seconds"] is not None:
        said += f", {seconds(g['seconds'])}, {count(rate * 1e9)}FLOP/s" if kind else f", {seconds(g['seconds'])}"
    if bound:
        said += f"; limit {count(bound * 1e9)}FLOP/s"
    return (f'<circle class="dot{kind}" cx="{x(g["intensity"]):.1f}" cy="{y(rate):.1f}" r="{_radius(g)}">'
            f'<title>{escape(said)}</title></circle>')


def _strip(dots, xs) -> str:
    """Intensities alone: one line, dots that would hide each other above one another."""
    x0, x1 = _decades(xs)
    x = lambda v: LEFT + (math.log10(v) - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)
    levels, placed = [], []
    for g in sorted(dots, key=lambda g: g["intensity"]):
        at = x(g["intensity"])
        level = next((i for i, end in enumerate(levels) if at - end > 16), len(levels))
        levels[level:level + 1] = [at]
        placed.append((g, at, level))
    base = 30 + 17 * len(levels)
    parts = _grid_x(x0, x1, x, 8, base, "flops a byte moved")
    for g, at, level in placed:
        said = f"{g['name']} ×{g['count']}: {count(g['flops'])} flops, {size(g['bytes'])}, {g['intensity']:.3g} flops a byte"
        parts.append(f'<circle class="dot" cx="{at:.1f}" cy="{base - 14 - 17 * level:.1f}" r="6"><title>{escape(said)}</title></circle>')
    return _svg(base + 46, parts, f"Arithmetic intensity of {plural(len(dots), 'kernel')}")


def _radius(g) -> str:
    return f"{min(11, 4.5 + 1.5 * math.log2(g['count'])):.1f}"


def _decades(values) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) + 1e-9)
    return low, max(high, low + 1)


def _power(power: int) -> str:
    return f"{10**power:g}" if -4 < power < 5 else f"1e{power}"


def _grid_x(x0, x1, x, top, bottom, label) -> list[str]:
    parts = []
    for power in range(x0, x1 + 1):
        at = x(10.0**power)
        parts.append(f'<line class="axis" x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="{bottom}"/>'
                     f'<text x="{at:.1f}" y="{bottom + 18}" text-anchor="middle">{_power(power)}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{bottom + 36}" text-anchor="middle">{label}</text>')
    return parts


def memory(entry: dict) -> str:
    """Temporaries as rectangles: steps across, offsets up."""
    plan, steps = entry["memory"], max(1, len(entry["kernels"]))
    if not plan["placed"] or not plan["arena"]:
        return ""
    height, top, bottom = 330, 12, 46
    x = lambda step: LEFT + step / steps * (WIDTH - LEFT - RIGHT)
    y = lambda offset: height - bottom - offset / plan["arena"] * (height - top - bottom)
    parts = []
    for part in range(5):
        offset = plan["arena"] * part / 4
        parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(offset):.1f}" y2="{y(offset):.1f}"/>'
                     f'<text x="{LEFT - 8}" y="{y(offset) + 4:.1f}" text-anchor="end">{size(int(offset))}</text>')
    stride = max(1, math.ceil(steps / 12))
    for step in range(0, steps, stride):
        parts.append(f'<text x="{x(step + .5):.1f}" y="{height - bottom + 18}" text-anchor="middle">{step}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{height - 8}" text-anchor="middle">step</text>')
    for number, buffer in enumerate(plan["placed"]):
        first, last = buffer["alive"]
        high = max(1.5, buffer["bytes"] / plan["arena"] * (height - top - bottom))
        said = (f"{buffer['name']}: {size(buffer['bytes'])} at offset {buffer['offset']}, "
                f"steps {first} to {last}")
        parts.append(f'<rect class="buf" style="fill:var(--b{number % 6})" x="{x(first):.1f}" '
                     f'y="{y(buffer["offset"]) - high:.1f}" width="{x(last + 1) - x(first):.1f}" height="{high:.1f}">'
                     f'<title>{escape(said)}</title></rect>')
        if high > 16 and x(last + 1) - x(first) > 7.5 * len(buffer["name"]) + 8:
            parts.append(f'<text x="{x(first) + 6:.1f}" y="{y(buffer["offset"]) - high / 2 + 4:.1f}" '
                         f'style="fill:var(--ink)" pointer-events="none">{escape(buffer["name"])}</text>')
    return _svg(height, parts, f"{plural(len(plan['placed']), 'temporary buffer')} over {plural(steps, 'step')}")


def _svg(height, parts, label) -> str:
    return (f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}" '
            f'xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>')
