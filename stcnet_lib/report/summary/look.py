"""The style of the page: light and dark, narrow and wide, on paper; in Okabe and Ito's colours."""

from stcnet_lib.report.figures import style

_DARK_ORANGE = "#b87a00"  # on white their orange is too pale for lines

STYLE = f"""
:root {{ color-scheme: light dark; --ground: #fff; --ink: #1a1a1a; --faint: #5c5c5c; --rule: #d0d0d0;
  --raw: {style.VERMILION}; --discard: {style.PURPLE}; --copy: {_DARK_ORANGE}; --restored: {style.BLUE};
  --clean: {style.GREEN}; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ground: #16181b; --ink: #e8e8e8; --faint: #a6a6a6;
  --rule: #43474d; --copy: {style.ORANGE}; --restored: {style.SKY}; }} }}
* {{ box-sizing: border-box; }}
body {{ font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; color: var(--ink); background: var(--ground);
  max-width: 62rem; margin: 0 auto; padding: 1rem 1rem 3rem; }}
h1 {{ font-size: 1.05rem; font-weight: 600; margin: 0; color: var(--faint); }}
h2 {{ font-size: 1.15rem; margin: 2.2rem 0 .5rem; }}
p, ul {{ max-width: 46rem; margin: .5rem 0; overflow-wrap: anywhere; }}
ul {{ padding-left: 1.2rem; }}
.answer {{ font-size: 1.5rem; line-height: 1.3; font-weight: 650; margin: .6rem 0; }}
.faint, figcaption {{ color: var(--faint); font-size: .875rem; }}
figure {{ margin: 1rem 0 1.4rem; }}
figcaption {{ max-width: 46rem; padding: .3rem 0; }}
.frames {{ display: grid; grid-template-columns: 4.6rem 1fr; align-items: center; margin-bottom: 4px; }}
.frames span {{ font-size: .875rem; }}
.frames img {{ max-width: 100%; width: 33rem; height: auto; display: block; }}
.charts {{ display: grid;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 0 2rem; }}
.chart {{ width: 100%; max-width: 32rem; height: auto; display: block; }}
.chart text {{ font-size: 13px; fill: currentColor; stroke: var(--ground); stroke-width: 4px;
  paint-order: stroke; }}
.grid {{ stroke: var(--rule); stroke-width: 1; }}
.line {{ fill: none; stroke: currentColor; stroke-width: 2.5; }}
.bar {{ stroke: currentColor; stroke-width: 5; stroke-linecap: round; opacity: .45; }}
.dot {{ fill: currentColor; }}
.raw {{ color: var(--raw); }}
.discard {{ color: var(--discard); stroke-dasharray: 2 3; }}
.copy {{ color: var(--copy); stroke-dasharray: 8 4; }}
.restored {{ color: var(--restored); }}
.line.restored {{ stroke-width: 3.5; }}
.clean {{ color: var(--clean); stroke-dasharray: 9 3 2 3; }}
.bar, .dot {{ stroke-dasharray: none; }}
.swatch {{ width: 28px; height: 12px; margin-right: .5rem; vertical-align: middle; }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9375rem; }}
th, td {{ padding: .35rem .9rem .35rem 0; text-align: right; vertical-align: top;
  border-bottom: 1px solid var(--rule); }}
th {{ font-weight: 600; vertical-align: bottom; }}
.name {{ text-align: left; }}
td:not(.name) {{ white-space: nowrap; }}
.interval {{ display: block; color: var(--faint); font-size: .8125rem; white-space: nowrap; }}
details {{ margin: .8rem 0; }}
summary {{ cursor: pointer; }}
a {{ color: inherit; }}
@media (max-width: 40rem) {{
  body {{ font-size: 15px; padding: .8rem .8rem 2rem; }}
  .answer {{ font-size: 1.3rem; }}
  .frames {{ grid-template-columns: 1fr; }}
  table {{ font-size: .8125rem; }}
  th, td {{ padding-right: .6rem; }}
  .interval {{ font-size: .75rem; }}
  .key tr {{ display: grid; grid-template-columns: repeat(4, 1fr); border-bottom: 1px solid var(--rule); }}
  .key th, .key td {{ border: 0; }}
  .key .name {{ grid-column: 1 / -1; padding-bottom: 0; }}
  .key th.name {{ display: none; }}
}}
@media print {{
  :root {{ color-scheme: light; --ground: #fff; --ink: #000; --faint: #444; --rule: #bbb;
    --copy: {_DARK_ORANGE}; --restored: {style.BLUE}; }}
  body {{ max-width: none; padding: 0; font-size: 10pt; }}
  figure, tr, .frames {{ break-inside: avoid; }}
  h2 {{ break-after: avoid; }}
  .scroll {{ overflow: visible; }}
  details::details-content {{ content-visibility: visible; display: block; block-size: auto; }}
}}
"""
