/** How a saved report looks, on a screen and on paper. It names no font file and no picture: nothing is fetched. */
export const reportCSS = `
:root{--bg:#fff;--surface:#fff;--line:#e2dfd8;--line-strong:#cfcbc2;--text:#1b1c1e;--text-2:#5d5f63;--accent:#c2410c;
--accent-soft:#fdeee6;--partial:#8a5d00;--no:#b3261e;--mono:ui-monospace,'JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,monospace;
--size-xs:11px;--size-s:12.5px;--weight-title:640;--weight-strong:560;color-scheme:light}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:14px/1.5 Inter,system-ui,'Helvetica Neue',Arial,sans-serif;
-webkit-print-color-adjust:exact;print-color-adjust:exact}
main{max-width:1000px;margin:0 auto;padding:32px 24px 48px}
h1{margin:0 0 16px;font-size:24px;letter-spacing:-.018em}h2{margin:0 0 6px;font-size:14px}
p{margin:0 0 8px}section{margin:0 0 24px;min-width:0}
.verdict{padding:14px 18px;border:1px solid var(--accent);border-radius:12px;font-size:15px}
.warning{padding:10px 14px;border:1px solid var(--partial);border-radius:10px}
.tag,.tiny{font-size:11px;color:var(--text-2)}.tag{white-space:nowrap;padding:0 5px;border:1px solid var(--line-strong);border-radius:4px}
.small,.muted{color:var(--text-2)}.small{font-size:12.5px}
.plots{display:grid;grid-template-columns:repeat(2,460px);gap:16px 32px;margin:20px 0 0}
.mono{font-family:var(--mono);font-variant-numeric:tabular-nums}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table{width:100%;border-collapse:collapse;font-size:12px}
th,td{padding:5px 0 5px 10px;border-bottom:1px solid var(--line);font-weight:400;text-align:left;vertical-align:top;white-space:nowrap}
th:first-child{padding-left:4px}thead th{color:var(--text-2);font-size:11px;white-space:normal;vertical-align:bottom}
tbody th{font-weight:600}.number{text-align:right}td .tiny{display:block;font-size:10px}tr.pick>*{background:var(--accent-soft)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:0 0 12px;font-size:12.5px}dt{color:var(--text-2)}dd{margin:0}
svg{display:block}svg text{fill:var(--text-2);font-size:11px}
.plot .axes line{stroke:var(--line)}.plot .frontier{fill:none;stroke:var(--accent);stroke-width:1.4}
.plot .mark{fill:var(--surface);stroke:var(--accent);stroke-width:1.7}.plot .pick .mark{fill:var(--accent)}
.plot .shaky .mark{stroke:var(--partial);stroke-dasharray:2 2}
.plot .error{fill:none;stroke:var(--accent);stroke-opacity:.6}
.plot .labels text{paint-order:stroke;stroke:var(--surface);stroke-width:3px;stroke-linejoin:round}
.plot .labels .pick{fill:var(--text);font-weight:600}
.bar text{fill:var(--text);font-family:var(--mono)}.bar .faint{fill:var(--text-2)}.bar rect{fill:var(--line-strong)}
.bar.pick rect{fill:var(--accent)}.bar.pick .label{font-weight:600}.bar .error{stroke:var(--text);stroke-width:1.4}
@page{size:A4;margin:14mm}
@media print{main{max-width:none;padding:0}body{font-size:11px}.plots{grid-template-columns:repeat(2,50%);gap:12px 0}
.plots svg{width:100%;height:auto;max-width:86mm}section,tr,.verdict,.warning{break-inside:avoid}
table{font-size:9px}thead th{font-size:8.5px}th,td{padding:3px 0 3px 6px}td .tiny{font-size:8px}thead{display:table-header-group}
a{color:inherit}}
@media screen and (max-width:1000px){.plots{grid-template-columns:1fr}.wide{overflow-x:auto}}
`
