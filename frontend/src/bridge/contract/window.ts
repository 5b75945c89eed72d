import { inWindow, wailsBridge } from '../wails'
import type { Clause } from './clause'
import { contract } from '.'

/** A busy machine is slow; a call that never returns is not. */
const patience = 300_000

/** The entry of the page that `vite build --mode contract` makes. It runs each clause against the window and writes
 * what came of it as text, which build/window reads; no page that is shipped contains it. */
async function run(): Promise<void> {
  const list = document.getElementById('app') ?? document.body
  const say = (text: string) => {
    const line = document.createElement('p')
    line.textContent = text
    list.append(line)
  }
  if (!inWindow()) {
    say('Contract: there is no window here.')
    return
  }
  const bridge = wailsBridge()
  await bridge.settings.startup()
  let kept = 0
  const clauses = contract(bridge)
  for (const clause of clauses) {
    const reason = await broken(clause)
    if (reason === '') kept++
    else say(`Broken: ${clause.name}: ${reason}`)
  }
  say(`Contract: ${kept} of ${clauses.length} kept.`)
}

/** Why the clause does not hold; empty when it does. */
async function broken(clause: Clause): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('it does not end'), patience)
  })
  const held = clause.run().then(
    () => '',
    (reason: unknown) => (reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason)),
  )
  try {
    return await Promise.race([held, late])
  } finally {
    clearTimeout(timer)
  }
}

await run()
