#include <deja/app/load/report_parts.hpp>

namespace deja::app::load {

namespace {

constexpr std::string_view style = R"css(
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1a1d21; --soft: #5b6470; --line: #d9dee5;
  --s0: #1f6fd0; --s1: #d9541e; --s2: #12877a; --s3: #a8328f; --s4: #8a6d00; --s5: #6a4fd0;
  --s6: #3d7a1c; --s7: #c22f4e;
  --q0: #12877a; --q1: #1f6fd0; --q2: #6a4fd0; --q3: #b8318f; --q4: #d9541e;
  --good: #1d7a3a; --bad: #bb2233; --warn: #8a5a00;
  --good-back: #e2f4e6; --bad-back: #fde6e8; --warn-back: #fdf1d8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --card: #1d2126; --ink: #e8ebef; --soft: #a0a9b5; --line: #343b44;
    --s0: #6aa9f7; --s1: #f58a5c; --s2: #45c4b3; --s3: #dd7fcb; --s4: #d9b64a; --s5: #a996f5;
    --s6: #8cc866; --s7: #f37f95;
    --q0: #45c4b3; --q1: #6aa9f7; --q2: #a996f5; --q3: #e67fc6; --q4: #f58a5c;
    --good: #6fd08c; --bad: #ff8f9b; --warn: #e6b455;
    --good-back: #1c3324; --bad-back: #40222a; --warn-back: #3a2f19;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 24px clamp(12px, 3vw, 32px) 48px; max-width: 1320px;
  background: var(--page); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif;
  overflow-wrap: anywhere;
}
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 6px; }
h2 { font-size: 19px; margin: 34px 0 12px; }
small { font-size: 12.5px; color: var(--soft); }
bdi, td, th { unicode-bidi: isolate; }
.s0 { --c: var(--s0); } .s1 { --c: var(--s1); } .s2 { --c: var(--s2); } .s3 { --c: var(--s3); }
.s4 { --c: var(--s4); } .s5 { --c: var(--s5); } .s6 { --c: var(--s6); } .s7 { --c: var(--s7); }
.q0 { --c: var(--q0); } .q1 { --c: var(--q1); } .q2 { --c: var(--q2); } .q3 { --c: var(--q3); }
.q4 { --c: var(--q4); } .due { --c: var(--soft); } .good { --c: var(--good); }
.bad { --c: var(--bad); } .warn { --c: var(--warn); }

.runs, .legend, .notices { list-style: none; margin: 0; padding: 0; }
.runs li { margin: 2px 0; }
.runs span { color: var(--soft); }
.runs i, .legend i {
  display: inline-block; width: 18px; height: 0; border-top: 3px solid var(--c);
  margin-right: 7px; vertical-align: middle;
}
.legend i.dashed { border-top-style: dashed; }
.legend i.dot { width: 9px; height: 9px; border: 0; border-radius: 50%; background: var(--c); }
.legend i.band { height: 12px; border: 0; background: var(--bad); opacity: .25; }
.notices li {
  margin: 8px 0; padding: 9px 14px; border-radius: 8px; border-left: 4px solid var(--c);
}
.notices .bad { background: var(--bad-back); }
.notices .warn { background: var(--warn-back); }
.notices { margin-top: 18px; }

.tiles {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 12px;
  margin: 20px 0 0;
}
.tiles div, .plot, .scroll {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px;
}
.tiles div { padding: 12px 14px; }
.tiles dt { color: var(--soft); font-size: 13px; }
.tiles dd { margin: 0; }
.tiles dd b { display: block; font-size: 25px; line-height: 1.25; white-space: nowrap; }
.tiles .bad b, .tiles .warn b { color: var(--c); }

.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 14px; }
.plot { margin: 0; padding: 14px 18px 12px; min-width: 0; }
.plot.wide, .plot:last-child:nth-child(odd of .plot:not(.wide)) { grid-column: 1 / -1; }
.plot figcaption b { margin-right: 6px; }
.plot .none, .hint { color: var(--soft); margin: 8px 0; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 5px 0 12px; font-size: 13px; }
.legend li { max-width: 100%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.chart { position: relative; margin: 0 8px 30px 60px; height: 230px; }
.wide .chart { height: 320px; }
.chart > svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.grid line { stroke: var(--line); stroke-width: 1; }
.grid text { fill: var(--soft); font-size: 12px; }
.grid .y { text-anchor: end; }
.grid .x { text-anchor: middle; }
.line, .dots { fill: none; stroke: var(--c); vector-effect: non-scaling-stroke; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
.dashed { stroke-dasharray: 5 4; stroke-linecap: butt; }
.dots { stroke-width: 7; }
.area { fill: var(--c); fill-opacity: .13; }
.band { fill: var(--bad); fill-opacity: .16; }
.columns rect { fill: transparent; }
.columns rect:hover { fill: var(--ink); fill-opacity: .1; }
.tip {
  position: fixed; pointer-events: none; white-space: pre; padding: 7px 11px; border-radius: 7px;
  background: var(--ink); color: var(--page); font-size: 12.5px; line-height: 1.4; z-index: 2;
  font-variant-numeric: tabular-nums;
}
.tip[hidden] { display: none; }

.tables { display: flex; flex-wrap: wrap; align-items: flex-start; gap: 14px; margin: 14px 0; }
.scroll { overflow-x: auto; min-width: min(100%, 340px); max-width: 100%; flex: 0 1 auto; }
details .scroll { width: fit-content; margin: 14px 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
caption { text-align: left; font-weight: 600; padding: 12px 16px 6px; }
th, td { padding: 5px 12px; text-align: right; white-space: nowrap; vertical-align: top; }
th:first-child { text-align: left; padding-left: 16px; font-weight: 500; }
td:last-child, thead th:last-child { padding-right: 16px; }
thead th {
  color: var(--soft); font-size: 13px; font-weight: 500; border-bottom: 1px solid var(--line);
  vertical-align: bottom; white-space: normal; overflow-wrap: anywhere; min-width: 4.5em;
}
tbody tr + tr > * { border-top: 1px solid var(--line); }
tbody th, .words { white-space: normal; overflow-wrap: anywhere; min-width: 11em; }
.words { text-align: left; max-width: 56ch; }
.stacked td small { display: block; }
.better small, td.better:not(:has(small)) { color: var(--good); }
.worse small, td.worse:not(:has(small)) { color: var(--bad); }
.differs { background: var(--warn-back); }
details summary { cursor: pointer; font-weight: 600; }
:focus-visible { outline: 2px solid var(--s0); outline-offset: 2px; }
@media (max-width: 600px) {
  th, td { padding: 5px 7px; }
  tbody th, .words { min-width: 7em; }
}
@media print { .plot, .scroll, .tiles div { break-inside: avoid; } details { display: none; } }
)css";

/// Shows a column's values at the pointer at once, in place of the browser's own slow tooltip.
constexpr std::string_view script = R"js(
(() => {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);
  const hide = () => { tip.hidden = true; };
  const show = event => {
    const values = event.target.dataset.values;
    if (!values) return hide();
    tip.textContent = values;
    tip.hidden = false;
    const right = event.clientX + 16 + tip.offsetWidth < innerWidth;
    const below = event.clientY + 16 + tip.offsetHeight < innerHeight;
    tip.style.left = Math.max(4, event.clientX + (right ? 16 : -16 - tip.offsetWidth)) + "px";
    tip.style.top = Math.max(4, event.clientY + (below ? 16 : -16 - tip.offsetHeight)) + "px";
  };
  for (const columns of document.querySelectorAll(".columns")) {
    for (const column of columns.children) {
      column.dataset.values = column.textContent;
      column.replaceChildren();
    }
    columns.addEventListener("pointermove", show);
    columns.addEventListener("pointerdown", show);
    columns.addEventListener("pointerleave", hide);
  }
})();
)js";

} // namespace

std::string_view report_style() {
  return style;
}

std::string_view report_script() {
  return script;
}

} // namespace deja::app::load
