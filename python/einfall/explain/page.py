"""The report as one self-contained page: no script, nothing from elsewhere."""

from .kernels import by_program, kernel_list, launch_table
from .plots import memory, roofline
from .style import CSS
from .text import count, escape, plural, seconds, size

STAGES = {"as written": "as written", "ein-defer": "after ein-defer", "ein-derive-folds": "after ein-derive-folds"}
OPEN_ROWS = 24


def render(report: dict) -> str:
    """HTML of a report that has its figures."""
    body = [_header(report), '<main id="main">', _overview(report)]
    body += [_entry(report, number, entry) for number, entry in enumerate(report["entries"])]
    body.append("</main>")
    body.append(f'<footer>Written by einfall explain from {_origin(report)}. Flops count scalar arithmetic, elementary '
                'functions as one; bytes count each buffer that a launch touches once, and no more elements of it than '
                'the launch has points.</footer>')
    return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
            f'<title>{escape(report["file"])} · Einfall report</title><style>{CSS}</style></head>\n<body>'
            '<a class="skip" href="#main">Skip to the report</a>\n' + "\n".join(body) + "\n</body></html>\n")


def table(heads: list[str], rows: list[list[str]], right: tuple = (), label: str = "") -> str:
    """A table that scrolls inside its box; cells are HTML."""
    classes = ["r" if i in right else "" for i in range(len(heads))]
    cell = lambda tag, c, text: f'<{tag}{f" class={c}" if c else ""}>{text}</{tag}>'
    head = "".join(cell("th", c, escape(h)) for c, h in zip(classes, heads))
    body = "".join("<tr>" + "".join(cell("td", c, text) for c, text in zip(classes, row)) + "</tr>" for row in rows)
    return (f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label or heads[0])}">'
            f'<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>')


def facts(items: list[tuple[str, str]]) -> str:
    return ('<dl class="facts">' + "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in items)
            + "</dl>")


def _origin(report: dict) -> str:
    return {"package": "the report in the package", "manifest": "the package’s manifest (it holds no report)",
            "compiled": "a compilation up to machine code"}[report["origin"]]


def _header(report: dict) -> str:
    links = "".join(f'<li><a href="#entry-{i}">{escape(e["name"])}</a></li>' for i, e in enumerate(report["entries"]))
    return (f'<header><h1>{escape(report["file"])}</h1><p class="soft">What the compiler decided, and what it costs.</p>'
            f'<nav aria-label="Entry points"><ul>{links}</ul></nav></header>')


def _overview(report: dict) -> str:
    entries = report["entries"]
    launches = sum(len(e["kernels"]) for e in entries)
    programs = len({k["program"] for e in entries for k in e["kernels"]})
    items = [("entry points", str(len(entries))), ("launches", str(launches)), ("distinct kernels", str(programs)),
             ("arena", size(max((e["memory"]["arena"] for e in entries), default=0))),
             ("weights", f'{size(report["weights"]["bytes"])} in {report["weights"]["count"]}'
              if report["weights"]["count"] else "none"),
             ("numerics", report["numerics"]), ("target", report["target"]),
             *([("schedules count on", report["machine"])] if report.get("machine") else []),
             *((f"kernels for {name}", said) for name, said in report.get("hardware", {}).items())]
    html = ['<h2 class="first">Overview</h2>', facts(items)]
    if report["origin"] == "manifest":
        html.append('<p class="warn">This package was written without a report: launches and memory are shown, what '
                    'kernels compute is not. Compile it again to see it.</p>')
    html += [_extents(report), _exactness(report)]
    return "".join(html)


def _extents(report: dict) -> str:
    if not report["params"]:
        return ""
    chips = " ".join(f'<span class="chip">{escape(n)} = {p["value"]}{"" if p["given"] else " (default)"}</span>'
                     for n, p in report["params"].items())
    return (f'<h3>Extents of the figures</h3><p>{chips}</p><p class="soft">The program runs at any extents; figures below '
            'are for these. Choose others with <code>--param NAME=N</code>.</p>')


def _exactness(report: dict) -> str:
    if not report["passes"]:
        return ""
    order = ["bitwise", "algebraic", "approximate"]
    strongest = max((p["exactness"] for p in report["passes"]), key=order.index)
    rows = [[f'<code>{escape(p["pass"])}</code>', f'<span class="chip {p["exactness"]}">{p["exactness"]}</span>']
            for p in report["passes"]]
    return (f'<h3>Exactness</h3><p>Of the passes that changed something, the most that one may do to the results is '
            f'<span class="chip {strongest}">{strongest}</span>.</p>'
            f'<details class="box"><summary>{plural(len(rows), "pass").replace("passs", "passes")} changed the program'
            f'</summary>{table(["pass", "exactness"], rows, label="Passes that changed the program")}</details>')


def _entry(report: dict, number: int, entry: dict) -> str:
    groups = by_program(entry)
    totals, plan = entry["totals"], entry["memory"]
    items = [("launches", str(len(entry["kernels"]))), ("distinct kernels", str(len(groups))),
             ("flops", count(totals["flops"]) if entry["kernels"] and entry["kernels"][0]["flops"] is not None else "–"),
             ("bytes moved", size(totals["bytes"])), ("arena", size(plan["arena"]))]
    if totals["least_seconds"]:
        items.append(("machine’s limit", seconds(totals["least_seconds"])))
    if entry["calls"]:
        items.append((f'time, mean of {entry["calls"]}', seconds(totals["seconds"])))
    html = [f'<section aria-labelledby="entry-{number}"><h2 id="entry-{number}">{escape(entry["name"])}</h2>', facts(items)]
    if entry["refused"]:
        html.append(f'<p class="warn">At these extents the entry refuses the call: '
                    f'{", ".join(f"<code>{escape(t)}</code>" for t in entry["refused"])} must be at least 0.</p>')
    if entry["calls"] and not entry["same_extents"]:
        html.append('<p class="warn">The profile was taken at other extents than those above, so rates are left out. '
                    'Pass the ones it ran with as --param.</p>')
    html += [_passes(entry), _cascade(entry), _kernels(entry, groups), _roofline(report, entry, groups),
             _memory(entry), _remarks(report, entry), "</section>"]
    return "".join(html)


def _passes(entry: dict) -> str:
    if not entry["stages"] or not any(stage["ranks"] for stage in entry["stages"]):
        return ""
    names = [stage["stage"] for stage in entry["stages"]]
    # A rank is known by its name; equal names are told apart by their order.
    counts: dict[tuple, dict] = {}
    for stage in entry["stages"]:
        seen: dict[str, int] = {}
        for rank in stage["ranks"]:
            seen[rank["rank"]] = seen.get(rank["rank"], 0) + 1
            counts.setdefault((rank["rank"], seen[rank["rank"]]), {})[stage["stage"]] = rank
    rows, times = {}, {}
    for (name, _), by_stage in counts.items():
        cells, before = [f"<code>{escape(name)}</code>"], None
        for stage in names:
            value = by_stage[stage]["passes"] if stage in by_stage else None
            mark = ' class="fewer"' if before is not None and value is not None and value < before else ""
            cells.append(f"<span{mark}>{'–' if value is None else value}</span>")
            before = before if value is None else value
        first = by_stage.get(names[0], {"passes": 0})
        chain = " → ".join(first["chain"]) if first["passes"] > 1 else ""
        cells.append(f"<code>{escape(_short(chain))}</code>" if chain else "")
        times[tuple(cells)] = times.get(tuple(cells), 0) + 1
        rows[tuple(cells)] = cells
    shown = [[cells[0] + (f' <span class="chip">×{times[key]}</span>' if times[key] > 1 else ""), *cells[1:]]
             for key, cells in rows.items()]
    heads = ["rank", *[STAGES.get(n, n) for n in names], "what forces them, as written"]
    return ('<h3>Passes over each rank</h3><p class="soft">How often a rank has to be walked from end to end. Einsums of '
            'different passes cannot share a kernel that walks it once; deferring factors and deriving folds lower the '
            'count.</p>' + table(heads, shown, right=tuple(range(1, len(names) + 1)), label="Passes over each rank"))


def _short(text: str, limit: int = 110) -> str:
    return text if len(text) <= limit else text[:limit].rsplit(" → ", 1)[0] + " → …"


def _cascade(entry: dict) -> str:
    if not entry["cascade"]:
        return ""
    rows = []
    for op in entry["cascade"]:
        reduced = ", ".join(f'{escape(r["name"])}: {escape(r["reduce"])}' for r in op["ranks"] if "reduce" in r)
        walks = ", ".join(f'{escape(w["rank"].split(" = ")[0])} in pass {w["pass"]}' for w in op["walks"])
        rows.append([f'<code>{escape(op["result"])}</code>', f"<code>{reduced}</code>" if reduced else
                     ("" if op["op"] == "einsum" else escape(op["op"])), walks,
                     f'<code>{escape(", ".join(op["reads"]))}</code>', escape(op["source"])])
    heads = ["tensor and its ranks", "reduces", "walks", "reads", "place"]
    start = "open" if len(rows) <= OPEN_ROWS else ""
    return (f'<h3>The cascade by ranks</h3><details class="box" {start}><summary>{plural(len(rows), "operation")} as '
            f'written</summary>{table(heads, rows, label="The cascade by ranks")}</details>')


def _kernels(entry: dict, groups: list[dict]) -> str:
    if not groups:
        return ""
    return (f'<h3>Kernels</h3><p class="soft">{plural(len(entry["kernels"]), "launch").replace("launchs", "launches")} of '
            f'{plural(len(groups), "kernel")}, in the order of their first launch. Figures are of one launch; open a row '
            'for what is fused in it and why it is apart from its neighbours.</p>'
            + kernel_list(entry, groups) + launch_table(entry, table))


def _roofline(report: dict, entry: dict, groups: list[dict]) -> str:
    svg = roofline(groups, report["machine"], entry["calls"] is not None and entry["same_extents"])
    if not svg:
        return ""
    if report["machine"]:
        said = (f'Limits: {escape(report["machine"]["source"])}. ' + (
            "Filled dots stand at their measured rate; " if entry["calls"] else "Each kernel stands at what the machine "
            "allows it; ") + "a larger dot is launched more often.")
    else:
        said = ("No limits of a machine were given, so only intensity is shown. --peak-gflops and --bandwidth, or "
                "--machine with a record of ./dev bench, draw the roof.")
    return f'<h3>Roofline</h3><figure><div class="scroll" tabindex="0" role="region" aria-label="Roofline">{svg}</div>' \
           f"<figcaption>{said}</figcaption></figure>"


def _memory(entry: dict) -> str:
    svg, plan = memory(entry), entry["memory"]
    if not svg:
        return '<h3>Memory plan</h3><p class="soft">No temporaries: the entry works in its inputs, outputs and states.</p>'
    rows = [[f'<code>{escape(b["name"])}</code>', str(b["offset"]), size(b["bytes"]),
             f'<code>{escape(entry["buffers"][b["buffer"]]["bytes"])}</code>', f'{b["alive"][0]} – {b["alive"][1]}']
            for b in plan["placed"]]
    shared = f'{size(plan["sum"])} of temporaries share {size(plan["arena"])}'
    return (f'<h3>Memory plan</h3><figure><div class="scroll" tabindex="0" role="region" aria-label="Memory plan">{svg}</div>'
            f'<figcaption>{shared}; {size(plan["alive_at_most"])} are alive at most at once.</figcaption></figure>'
            f'<details class="box"><summary>{plural(len(rows), "temporary buffer")}</summary>'
            + table(["name", "offset", "size", "bytes", "steps"], rows, right=(1, 2), label="Temporary buffers")
            + "</details>")


def _remarks(report: dict, entry: dict) -> str:
    """Remarks but those on kernels, which stand in their rows; equal ones once, with their places."""
    said: dict[tuple, list[str]] = {}
    for remark in report["remarks"]:
        if remark["entry"] == entry["name"] and remark["pass"] != "ein-kernels":
            said.setdefault((remark["pass"], remark["message"]), []).append(remark["source"])
    if not said:
        return ""
    rows = []
    for (name, message), places in said.items():
        distinct = list(dict.fromkeys(p for p in places if p))
        where = ", ".join(distinct[:3]) + (f" and {len(distinct) - 3} more" if len(distinct) > 3 else "")
        rows.append([f"<code>{escape(name)}</code>", str(len(places)), f'<div class="remark">{escape(message)}</div>',
                     escape(where)])
    html = table(["pass", "times", "what it said", "places"], rows, right=(1,), label="Remarks")
    html = html.replace('<td><div class="remark">', '<td class="wrap"><div class="remark">')
    return (f'<h3>Remarks</h3><details class="box"><summary>{plural(len(rows), "remark")}: copies, and folds that were '
            f"refused</summary>{html}</details>")
