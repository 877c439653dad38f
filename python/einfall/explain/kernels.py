"""Kernels on the page: equal ones in one row, then every launch in order."""

import re

from .text import count, escape, plural, seconds, size

KINDS = {"pass": "another pass", "repeated": "would be repeated", "shared": "shared", "moves": "moves data",
         "open": "could be one"}


def by_program(entry: dict) -> list[dict]:
    """Launches of one program together, in the order of the first; figures are means over them."""
    groups: dict[str, dict] = {}
    for kernel in entry["kernels"]:
        # Each copy is a row of its own size: their only name is "copy".
        key = (kernel["program"], kernel["bytes"] if kernel["program"] == "copy" else "")
        groups.setdefault(key, {"name": kernel["program"], "launches": []})["launches"].append(kernel)
    for group in groups.values():
        figures = [k["figures"] for k in group["launches"]]
        mean = lambda key: (None if any(f[key] is None for f in figures) else sum(f[key] for f in figures) / len(figures))
        group.update(count=len(figures), flops=mean("flops"), bytes=mean("bytes"), seconds=mean("seconds"),
                     least=mean("least_seconds"), same=all(f["same_extents"] for f in figures))
        group["intensity"] = group["flops"] / group["bytes"] if group["flops"] and group["bytes"] else None
        timed = group["seconds"] and group["same"] and group["flops"]
        group["rate"] = group["flops"] / group["seconds"] / 1e9 if timed else None
    return list(groups.values())


def kernel_list(entry: dict, groups: list[dict]) -> str:
    """One expandable row a kernel."""
    timed = any(g["seconds"] is not None for g in groups)
    total = entry["totals"]["seconds"] or 1
    limited = any(g["least"] for g in groups)
    heads = ["kernel", "", "flops", "bytes", "flops/byte", *(["limit"] if limited else []), *(["time"] if timed else [])]
    html = [f'<div class="kernels" style="--cols:{len(heads) - 2}"><div class="head" aria-hidden="true">',
            *[f'<span class="{"v" if i else ""}">{h}</span>' for i, h in enumerate(heads)], "</div>"]
    for group in groups:
        share = f' <span class="soft">{100 * group["seconds"] * group["count"] / total:.0f}%</span>' \
            if timed and group["seconds"] else ""
        cells = [("flops", count(group["flops"])), ("moved", size(round(group["bytes"]))),
                 ("flops/byte", f'{group["intensity"]:.3g}' if group["intensity"] else "–"),
                 *([("limit", seconds(group["least"]))] if limited else []),
                 *([("time", seconds(group["seconds"]) + share)] if timed else [])]
        html.append(f'<details><summary><span class="name"><code>{escape(group["name"])}</code>'
                    f'<span class="soft"> {escape(_what(group["launches"][0]))}</span></span>'
                    f'<span class="v">{"×" + str(group["count"]) if group["count"] > 1 else ""}</span>'
                    + "".join(f'<span class="v">{f"<b>{k} </b>{v}"}</span>' for k, v in cells)
                    + f'</summary><div class="inside">{_inside(entry, group)}</div></details>')
    html.append("</div>")
    return "".join(html)


def _what(kernel: dict) -> str:
    """A few words on a kernel: the ranks of its last op and what it reduces."""
    if not kernel["ops"]:
        return kernel["source"]
    ranks = kernel["ops"][-1]["ranks"]
    free = ", ".join(r["name"] for r in ranks if "reduce" not in r)
    reduced = [f"{r['reduce']} over {r['name']}" for op in kernel["ops"] for r in op["ranks"] if "reduce" in r]
    more = f", {len(kernel['ops'])} ops" if len(kernel["ops"]) > 1 else ""
    return f"[{free}]" + (f" {', '.join(dict.fromkeys(reduced))}" if reduced else "") + more


def _inside(entry: dict, group: dict) -> str:
    kernel = group["launches"][0]
    names = [entry["buffers"][i]["name"] for i in kernel["buffers"]]
    html = []
    if kernel["ops"]:
        html.append(f"<h4>computes, fused in one walk: {plural(len(kernel['ops']), 'operation')}</h4><ul>"
                    + "".join(f"<li>{_op(op, i, names)}</li>" for i, op in enumerate(kernel["ops"])) + "</ul>")
    html.append(f"<h4>buffers</h4><ul>{''.join(_buffers(entry, kernel))}</ul>")
    apart = _apart(group)
    if apart:
        html.append(f"<h4>apart from what it reads, because</h4><ul>{apart}</ul>")
    elif kernel["ops"]:
        html.append('<h4>reads no other kernel’s result</h4>')
    steps = [k["step"] for k in group["launches"]]
    html.append(f'<h4>launched at {"steps" if len(steps) > 1 else "step"}</h4><p class="num">'
                f'{", ".join(map(str, steps))}</p>')
    visits = [k["figures"]["visits"] for k in group["launches"] if k["figures"]["visits"]]
    if visits:
        sums = {key: round(sum(v[key] for v in visits)) for key in visits[0]}
        html.append(f'<h4>walked in chunks</h4><p class="num">{sums["visited"]} of {sums["chunks"]} visited, '
                    f'{sums["unmasked"]} of {sums["unmasked"] + sums["masked"]} masked stages without their mask</p>')
    formulas = [("flops", kernel["flops"]), ("bytes", kernel["bytes"]), ("points", kernel["points"])]
    html.append("<h4>at any extents</h4><ul>" + "".join(
        f"<li>{name}: <code>{escape(text)}</code></li>" for name, text in formulas if text) + "</ul>")
    if kernel["schedule"]:
        html.append(f'<h4>schedule</h4><pre>{escape(kernel["schedule"])}</pre>')
    return "".join(html)


def _op(op: dict, number: int, names: list[str]) -> str:
    def named(match):
        index = int(match[1])
        return names[index] if index < len(names) else match[0]

    reads = ", ".join(re.sub(r"^in(\d+)", named, r) for r in op["reads"])
    free = ", ".join(f'{r["name"]}: {r["extent"]}' if r["name"] != r["extent"] else r["name"]
                     for r in op["ranks"] if "reduce" not in r)
    reduced = ", ".join(f'{r["reduce"]} over {r["name"]}: {r["extent"]}' if r["name"] != r["extent"] else
                        f'{r["reduce"]} over {r["name"]}' for r in op["ranks"] if "reduce" in r)
    place = f' <span class="soft">{escape(op["source"])}</span>' if op["source"] else ""
    text = f"op{number}[{free}] = {op['op']}({reads})" + (f" {reduced}" if reduced else "")
    return f'<code>{escape(text)}</code> <span class="soft">{escape(op.get("dtype", ""))}</span>{place}'


def _buffers(entry: dict, kernel: dict):
    writes = kernel["writes"]
    for position, index in enumerate(kernel["buffers"]):
        buffer = entry["buffers"][index]
        verb = "touches" if writes is None else "writes" if position in writes else "reads"
        shape = ", ".join(buffer["shape"])
        yield (f'<li>{verb} <code>{escape(buffer["name"])}</code> <span class="soft">{buffer["kind"]}, '
               f'{escape(buffer.get("dtype", ""))} [{escape(shape)}]</span></li>')


def _apart(group: dict) -> str:
    reasons: dict[tuple, int] = {}
    for kernel in group["launches"]:
        for boundary in kernel["boundaries"]:
            # Layers differ in the numbers of their kernels only.
            key = (boundary["kind"], re.sub(r"_\d+'", "'", boundary["tensor"]), boundary["reason"])
            reasons[key] = reasons.get(key, 0) + 1
    return "".join(f'<li><span class="chip">{KINDS[kind]}</span> {escape(tensor)}: {escape(reason)}'
                   + (f' <span class="soft">×{times}</span>' if times > 1 else "") + "</li>"
                   for (kind, tensor, reason), times in reasons.items())


def launch_table(entry: dict, table) -> str:
    """Every launch in order, as the package has them."""
    timed = entry["calls"] is not None
    rows = [[str(k["step"]), f'<code>{escape(k["program"])}</code>', count(k["figures"]["flops"]),
             size(k["figures"]["bytes"]), *([seconds(k["figures"]["seconds"])] if timed else []), escape(k["source"])]
            for k in entry["kernels"]]
    heads = ["step", "kernel", "flops", "bytes", *(["time"] if timed else []), "place"]
    return ('<details class="box"><summary>Every launch in order, as the package has them</summary>'
            + table(heads, rows, right=(0, 2, 3, 4) if timed else (0, 2, 3), label="Every launch in order") + "</details>")
