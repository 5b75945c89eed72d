/**
 * Shows the whole page at a percentage of its size, where the window does not do it. Styles that ask how wide the window is
 * are not told, so a page that is zoomed in this way folds later than one that the window zooms.
 */
export function showZoom(percent: number): void {
  document.documentElement.style.zoom = percent === 100 ? '' : String(percent / 100)
}
