import plot from '../../styles/plot.css?raw'
import table from '../../styles/table.css?raw'
import tokens from '../../styles/tokens.css?raw'

/** What only a saved report has: its page, on a screen and on paper. */
const page = `
:root{--size-sm:12px;--size-xs:11px;--cell-x:5px;--cell-y:5px;--cell-dense:4px}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--text);font:var(--size-m)/1.5 var(--font);
-webkit-print-color-adjust:exact;print-color-adjust:exact}
main{max-width:1000px;margin:0 auto;padding:32px 24px 48px}
h1{margin:0 0 16px;font-size:var(--size-xl);letter-spacing:-.018em}h2{margin:0 0 6px;font-size:var(--size-m)}
p{margin:0 0 8px}section{margin:0 0 24px;min-width:0}
.verdict{padding:14px 18px;border:1px solid var(--accent);border-radius:12px;font-size:var(--size-l)}
.warning{padding:10px 14px;border:1px solid var(--partial);border-radius:10px}
.tag,.tiny{font-size:var(--size-xs);color:var(--text-2)}
.tag{white-space:nowrap;padding:0 5px;border:1px solid var(--line-strong);border-radius:4px}
.small,.muted{color:var(--text-2)}.small{font-size:var(--size-s)}
.plots{display:grid;grid-template-columns:repeat(2,460px);gap:16px 32px;margin:20px 0 0}
.mono{font-family:var(--mono);font-variant-numeric:tabular-nums}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.table th,.table td{vertical-align:top;white-space:nowrap}.table thead th{vertical-align:bottom;white-space:normal}
tbody th{font-weight:var(--weight-title)}td .tiny{display:block}tr.pick{--row:var(--accent-soft)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:0 0 12px;font-size:var(--size-s)}
dt{color:var(--text-2)}dd{margin:0}
@page{size:A4;margin:14mm}
@media print{:root{--size-m:11px;--size-s:10px;--size-sm:9px;--size-xs:8.5px;--cell-x:3px;--cell-y:3px;--cell-dense:3px}
main{max-width:none;padding:0}.plots{grid-template-columns:repeat(2,50%);gap:12px 0}
.plots svg{width:100%;height:auto;max-width:86mm}section,tr,.verdict,.warning{break-inside:avoid}
.table{overflow:visible}thead{display:table-header-group}a{color:inherit}}
@media screen and (max-width:1000px){.plots{grid-template-columns:1fr}}
`

/** How a saved report looks: as the window does. It names no font file and no picture: nothing is fetched. */
export const reportCSS = [tokens, table, plot, page].join('\n').replaceAll(/\/\*.*?\*\//gs, '')
