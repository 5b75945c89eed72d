import type { DownloadsService } from '../bridge'
import type { CatalogModel, Download, Found, Offer, OfferFile, Token } from '../types'
import { download, hits, hub, registry } from './scenes/downloads'
import { modelOf } from './scenes/external'
import { noProblem } from './scenes/scene'
import { fail, type FakeWorld } from './world'

/** The parts of the stand-in that would go online. */
export function downloadsOf(world: FakeWorld, look: (ref: string) => Found): DownloadsService {
  const accepted = new Set<string>()
  let token: Token = { set: false, place: '', note: '' }
  let serial = 0

  const online = () => {
    if (!world.settings.neverOnline) return
    throw fail('offline', 'Weightroom is set never to go online.', 'Change this on the Machine page.')
  }
  const get = (id: string) => {
    const found = world.downloads.find((d) => d.id === id)
    if (!found) throw fail('not_found', 'This download is gone.', 'Start it again.')
    return found
  }
  const put = (id: string, change: Partial<Download>) => {
    world.downloads = world.downloads.map((d) => (d.id === id ? { ...d, ...change } : d))
  }
  const changed = () => {
    world.events.changed('downloads:changed', '')
    world.connected()
  }

  /** The model and the quant that a reference means; an empty quant: it leaves that open. */
  const read = (ref: string): { model: CatalogModel; quant: string } => {
    const clean = ref
      .trim()
      .replace(/^https?:\/\//, '')
      .replace(/^huggingface\.co\//, 'hf.co/')
    const cut = clean.lastIndexOf(':')
    const [name, quant] = cut > 0 ? [clean.slice(0, cut), clean.slice(cut + 1)] : [clean, '']
    const model = modelOf(name) ?? modelOf(clean)
    if (!model) {
      throw fail('not_found', `Nothing was found at ${ref}.`, 'Check the spelling, or search Hugging Face on Discover.')
    }
    return { model, quant: model.quants.some((q) => q.name === quant) ? quant : '' }
  }

  const offer = (ref: string): Offer => {
    const { model, quant } = read(ref)
    const bytes = model.quants.find((q) => q.name === quant)?.bytes ?? 0
    const host = model.id.startsWith('hf.co/') ? hub : registry
    const files: OfferFile[] = quant
      ? [{ name: `${model.name.replaceAll(' ', '-')}-${quant}.gguf`, kind: 'model', bytes, here: false }]
      : []
    if (quant && model.vision) {
      files.push({ name: 'mmproj-F16.gguf', kind: 'projector', bytes: 851_000_000, here: false })
    }
    const total = files.reduce((sum, f) => sum + f.bytes, 0)
    const full = `${model.id}:${quant}`
    return {
      ...{ ref: quant ? full : model.id, name: model.name, quant, host, files, bytes: total, totalBytes: total },
      freeBytes: world.library.freeBytes,
      shortByBytes: Math.max(0, total + 64e6 - world.library.freeBytes),
      choices: quant ? [] : model.quants.map((q) => ({ ref: `${model.id}:${q.name}`, quant: q.name, bytes: q.bytes })),
      licenceName: model.licenceName,
      openSource: model.openSource,
      licence: model.licence,
      licenceText: model.openSource
        ? ''
        : `${model.licenceName}\n\nBy clicking “I accept” below or by using any portion …`,
      mustAccept: !model.openSource && !accepted.has(model.licenceName),
      gated: model.id.includes('EuroLLM'),
      gateAddress: model.id.includes('EuroLLM') ? `https://${model.id.replace('hf.co', hub)}` : '',
      tokenSet: token.set,
      installed: world.library.models.find((m) => m.ref === full)?.ref ?? '',
      downloadId: world.downloads.find((d) => d.ref === full && d.state !== 'done')?.id ?? '',
      noChecksum: false,
      notes: [],
    }
  }

  const finish = (id: string) => {
    const now = world.now()
    const at = get(id)
    const { model } = read(at.ref)
    const ref = `${model.id}:${at.quant}`
    world.addModel({
      ...{ ref, name: at.name, quant: at.quant, bytes: at.total, source: 'pull', addedAt: now, lastUsedAt: 0 },
      ...{ licenceName: model.licenceName, openSource: model.openSource, contextLength: model.context },
    })
    put(id, { state: 'done', done: at.total, bytesPerSecond: 0, secondsLeft: -1, model: ref, endedAt: now })
    world.connect(`You downloaded ${at.name} ${at.quant}`, at.host, at.total, 41_000)
    world.events.changed('library:changed', ref)
    world.events.emit('download:finished', get(id))
    changed()
  }

  /** Brings the first of the queue on its way, step by step. */
  const work = async (id: string) => {
    const steps = 24
    for (;;) {
      await world.wait(5)
      const at = world.downloads.find((d) => d.id === id)
      if (at?.state !== 'running') return next()
      const done = Math.min(at.total, at.done + at.total / steps)
      const bytesPerSecond = 24_000_000 + 900_000 * Math.sin(done / 4e7)
      put(id, { done, bytesPerSecond, secondsLeft: (at.total - done) / bytesPerSecond })
      world.events.emit('download:progress', get(id))
      if (done < at.total) continue
      finish(id)
      return next()
    }
  }
  const next = () => {
    const running = world.downloads.filter((d) => d.state === 'running').length
    const waiting = world.downloads.find((d) => d.state === 'queued')
    if (!waiting || running >= world.settings.downloadsAtOnce) return
    put(waiting.id, { state: 'running' })
    changed()
    void work(waiting.id)
  }
  for (const d of world.downloads.filter((one) => one.state === 'running')) void work(d.id)

  return {
    ledger: async () => world.ledger,
    online: async () => world.online(),
    list: async () => world.downloads,
    offer: async (ref) => {
      online()
      return world.goOnline('lookup', ref, registry, async () => {
        await world.wait(12)
        if (world.scene === 'trouble') {
          throw fail('no_network', 'This machine is not connected to a network.', 'Connect it and try again.')
        }
        return offer(ref)
      })
    },
    start: async (ref, agreed) => {
      online()
      const what = offer(ref)
      if (!what.quant) throw fail('invalid', 'This name stands for several models.', 'Choose one of them.')
      if (what.gated && !token.set) {
        throw fail('gated', 'Its publisher asks for a sign-in.', 'Ask for access there and add your token in Settings.')
      }
      if (what.shortByBytes > 0) throw fail('disk_full', 'There is not enough space for this model.', 'Free some.')
      if (what.mustAccept && !agreed) throw fail('licence', 'Its licence has to be accepted first.', 'Read it first.')
      if (what.mustAccept) accepted.add(what.licenceName)
      if (what.downloadId) return get(what.downloadId)
      const made = download({
        ...{ id: `w${++serial}n`, ref: what.ref, name: what.name, quant: what.quant, host: what.host },
        ...{ total: what.bytes, addedAt: world.now() },
      })
      world.downloads = [...world.downloads, made]
      changed()
      next()
      return get(made.id)
    },
    pause: async (id) => {
      put(get(id).id, { state: 'paused', bytesPerSecond: 0, secondsLeft: -1 })
      changed()
    },
    resume: async (id) => {
      put(get(id).id, { state: 'queued', problem: noProblem })
      changed()
      next()
    },
    cancel: async (id) => {
      const gone = get(id)
      world.downloads = world.downloads.filter((d) => d !== gone)
      changed()
    },
    move: async (id, place) => {
      const moved = get(id)
      const rest = world.downloads.filter((d) => d.id !== id)
      world.downloads = [...rest.slice(0, place), moved, ...rest.slice(place)]
      changed()
    },
    search: async (query) => {
      online()
      await world.goOnline('search', query, hub, () => world.wait(14))
      if (world.scene === 'trouble') {
        throw fail('no_network', 'This machine is not connected to a network.', 'Connect it and try again.')
      }
      world.connect(`You searched for “${query}”`, hub, 31_200, 900)
      return hits
        .filter((h) => `${h.owner}/${h.name}`.toLowerCase().includes(query.trim().toLowerCase()))
        .map((h) => ({ ...h, ref: `hf.co/${h.owner}/${h.name}` }))
    },
    look: async (ref) => {
      online()
      await world.goOnline('header', ref, hub, () => world.wait(20))
      const { model, quant } = read(ref)
      const found = look(`${model.id}:${quant || 'Q4_K_M'}`)
      world.connect(`You looked at ${found.model.name}`, found.host, found.headerBytes, 2_100)
      return found
    },
    token: async () => token,
    setToken: async (value) => {
      if (value && !value.startsWith('hf_')) {
        throw fail('invalid', 'This is not a Hugging Face token.', 'Tokens begin with hf_.')
      }
      token = value ? { set: true, place: 'keyring', note: '' } : { set: false, place: '', note: '' }
      return token
    },
  }
}
