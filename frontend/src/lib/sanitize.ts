import createDOMPurify, { type DOMPurify } from 'dompurify'

/**
 * What an answer may hold once it is HTML. Everything else goes: scripts, styles, forms, frames, pictures, SVG and
 * MathML. KaTeX and the code colouring run after this, on text.
 */
const tags = [
  ...['a', 'p', 'br', 'hr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'ul', 'ol', 'li', 'dl', 'dt', 'dd'],
  ...['strong', 'b', 'em', 'i', 'u', 's', 'del', 'ins', 'sub', 'sup', 'mark', 'small', 'kbd', 'code', 'pre', 'span'],
  ...['table', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td', 'details', 'summary', 'abbr', 'q', 'cite', 'var', 'samp'],
]

const attributes = ['href', 'start', 'align', 'colspan', 'rowspan', 'class', 'open']

/** Classes that our own renderer writes; a class from the answer itself would reach into the page's styles. */
const classes = /^(?:language-[\w+#.-]{1,32}|math-inline|math-block|image-alt|hljs(?:-[\w-]+)?|[a-z]+_)$/

let purify: DOMPurify | undefined

/** The address that may be offered for opening, or null: web and mail only, in the form that a browser would show. */
export function safeAddress(href: string): string | null {
  try {
    const url = new URL(href.trim())
    if (!['http:', 'https:', 'mailto:'].includes(url.protocol)) return null
    // A name and password before the host make an address read as another one.
    if (url.username || url.password) return null
    return url.href
  } catch {
    return null
  }
}

function setUp(window: Window & typeof globalThis): DOMPurify {
  const p = createDOMPurify(window)
  p.addHook('uponSanitizeElement', (node, data) => {
    // A picture would tell its server that the answer was read: only its words stay.
    if (data.tagName !== 'img' || !('getAttribute' in node)) return
    const alt = (node as Element).getAttribute('alt')
    if (alt && node.parentNode) {
      const span = node.ownerDocument?.createElement('span')
      if (!span) return
      span.className = 'image-alt'
      span.textContent = alt
      node.parentNode.insertBefore(span, node)
    }
  })
  p.addHook('afterSanitizeAttributes', (node) => {
    const kept = [...node.classList].filter((name) => classes.test(name))
    if (kept.length) node.className = kept.join(' ')
    else node.removeAttribute('class')
    if (node.nodeName !== 'A') {
      node.removeAttribute('href')
      return
    }
    // Without href there is nothing that a click, a drag or a middle button could follow.
    const address = safeAddress(node.getAttribute('href') ?? '')
    node.removeAttribute('href')
    if (!address) return
    node.setAttribute('data-address', address)
    node.setAttribute('role', 'link')
    node.setAttribute('tabindex', '0')
  })
  return p
}

/** Makes HTML from a model safe to show. Links come back without href, with their address in `data-address`. */
export function sanitize(html: string): string {
  purify ??= setUp(window)
  return purify.sanitize(html, {
    ALLOWED_TAGS: tags,
    ALLOWED_ATTR: attributes,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOW_UNKNOWN_PROTOCOLS: false,
    SANITIZE_DOM: true,
  })
}
