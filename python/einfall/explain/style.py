"""The page's style sheet: calm, without scripts, readable on a phone and in the dark."""

CSS = """
:root{--bg:#fbfaf8;--card:#fff;--ink:#22262b;--soft:#616972;--line:#e2dfd9;--accent:#2f5d8a;--warm:#9a5b1c;
--b0:#9db8d2;--b1:#b9cfae;--b2:#e0c79a;--b3:#d3aeb2;--b4:#b6b0d6;--b5:#a9cfcb;--code:#f3f1ec}
@media (prefers-color-scheme:dark){:root{--bg:#16181b;--card:#1e2125;--ink:#e3e5e8;--soft:#9aa3ad;--line:#33383e;
--accent:#8db9e6;--warm:#e0aa6c;--b0:#41607f;--b1:#4c6a41;--b2:#7a6432;--b3:#7a4a50;--b4:#544e80;--b5:#3f6b67;--code:#26292e}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main,header,footer{max-width:1080px;margin:0 auto;padding:0 20px}
header{padding-top:36px}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:1.35rem;margin:52px 0 6px;padding-top:18px;border-top:1px solid var(--line);overflow-wrap:anywhere}
h2.first{margin-top:24px}
h3{font-size:1.05rem;margin:34px 0 8px}
p{margin:6px 0 12px;max-width:72ch}
.soft,figcaption,.note{color:var(--soft);font-size:.9rem}
.warn{color:var(--warm)}
code,.num,td.mono{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-9999px}.skip:focus{left:12px;top:8px;background:var(--card);padding:6px 12px}
nav ul{display:flex;flex-wrap:wrap;gap:6px 18px;list-style:none;padding:0;margin:14px 0 0}
dl.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(138px,1fr));gap:10px;margin:18px 0}
dl.facts div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 14px;min-width:0}
dl.facts dt{color:var(--soft);font-size:.82rem}
dl.facts dd{margin:0;font-size:1.12rem;font-weight:600;overflow-wrap:anywhere}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:10px;background:var(--card);margin:8px 0 14px}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;padding:7px 12px;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}
td.wrap{white-space:normal;min-width:24ch}
tr:last-child td{border-bottom:0}
th{color:var(--soft);font-weight:500;font-size:.82rem}
td.r,th.r{text-align:right;font-variant-numeric:tabular-nums}
.chip{display:inline-block;border:1px solid var(--line);border-radius:99px;padding:0 9px;font-size:.8rem;color:var(--soft);white-space:nowrap}
.chip.algebraic{border-color:var(--accent);color:var(--accent)}.chip.approximate{border-color:var(--warm);color:var(--warm)}
.fewer{color:var(--accent);font-weight:600}
details.box{overflow:hidden;border:1px solid var(--line);border-radius:10px;background:var(--card);margin:8px 0 14px}
details.box>summary{padding:9px 14px;cursor:pointer}
details.box>.scroll{border-width:1px 0 0;border-radius:0;margin:0}
details.box>p{padding:0 14px}
.kernels{--cols:5;border:1px solid var(--line);border-radius:10px;background:var(--card);overflow:hidden}
.kernels .head,.kernels summary{display:grid;grid-template-columns:minmax(0,1.7fr) 3.2rem repeat(var(--cols),minmax(4.6rem,.7fr));gap:10px;padding:8px 14px 8px 30px;align-items:baseline}
.kernels .head{color:var(--soft);font-size:.82rem;border-bottom:1px solid var(--line)}
.kernels summary{font-size:.94rem;cursor:pointer;list-style:none;position:relative}
.kernels summary::-webkit-details-marker{display:none}
.kernels summary::before{content:"";position:absolute;left:13px;top:1.05em;border:4px solid transparent;border-left:6px solid var(--soft)}
.kernels details[open]>summary::before{transform:rotate(90deg);transform-origin:3px 4px}
.kernels details+details{border-top:1px solid var(--line)}
.kernels summary:hover,details.box>summary:hover{background:var(--code)}
.kernels summary:focus-visible,details.box>summary:focus-visible{outline-offset:-3px}
.kernels .name{overflow-wrap:anywhere}
.kernels .v{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.kernels .v b{display:none}
.inside{padding:2px 16px 14px 30px}
.inside h4{margin:14px 0 4px;font-size:.9rem;color:var(--soft);font-weight:500}
.inside ul{margin:0;padding-left:18px}.inside li{margin:3px 0;overflow-wrap:anywhere}
.inside pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--code);border-radius:8px;padding:8px 10px;margin:4px 0;font-size:.8rem}
figure{margin:10px 0 18px}
figure .scroll{padding:10px}
svg{display:block;width:100%;height:auto;min-width:720px;color:var(--ink)}
svg text{font:12px system-ui,"DejaVu Sans",sans-serif;fill:var(--soft)}
svg .axis{stroke:var(--line);stroke-width:1}
svg .roof{stroke:var(--accent);stroke-width:2;fill:none}
svg .roof2{stroke:var(--accent);stroke-width:1;stroke-dasharray:4 4;fill:none;opacity:.7}
svg .dot{fill:var(--accent);fill-opacity:.55;stroke:var(--accent)}
svg .dot.measured{fill:var(--warm);stroke:var(--warm)}
svg .buf{stroke:var(--card);stroke-width:1}
svg .buf:hover,svg .dot:hover{stroke:var(--ink)}
footer{padding:30px 20px 50px;color:var(--soft);font-size:.85rem}
@media (max-width:700px){
main,header,footer{padding-left:14px;padding-right:14px}
.kernels .head{display:none}
.kernels summary{grid-template-columns:repeat(2,minmax(0,1fr));gap:2px 12px}
.kernels .name{grid-column:1/-1}
.kernels .v{text-align:left}
.kernels .v b{display:inline;font-weight:400;color:var(--soft)}
.kernels .v:empty{display:none}
.inside{padding-left:16px}}
@media print{details>*{display:block}.skip,nav{display:none}}
"""
