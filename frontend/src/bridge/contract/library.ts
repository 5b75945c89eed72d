import type { Bridge } from '../bridge'
import { must, rejects, type Clause } from './clause'

/** What the library and the downloads must keep; nothing of it goes online. */
export function libraryContract(bridge: Bridge): Clause[] {
  return [
    {
      name: 'every model of the library has details that add up',
      run: async () => {
        for (const model of (await bridge.library.get()).models) {
          const details = await bridge.library.details(model.ref)
          must(details.ref === model.ref && details.files.length > 0, 'its files')
          must(
            details.mix.length > 0 && details.mix.every((m, i) => m.bytes <= (details.mix[i - 1]?.bytes ?? Infinity)),
            'its types, most bytes first',
          )
          must(details.freesBytes > 0 && details.freesBytes <= model.bytes, 'what removing it frees')
          must((details.template !== '') === (details.templateFrom !== ''), 'where its template is from')
        }
        await rejects(bridge.library.details('no such model'), 'an unknown model')
      },
    },
    {
      name: 'what a model takes in memory is more than its weights, at a context that it reads',
      run: async () => {
        const { models } = await bridge.library.get()
        for (const takes of await bridge.library.memory()) {
          const model = models.find((m) => m.ref === takes.ref)
          must(model !== undefined && takes.bytes > model.bytes * 0.9, 'a model of the library')
          must(takes.context > 0 && (!model.contextLength || takes.context <= model.contextLength), 'its context')
        }
      },
    },
    {
      name: 'a model has the name that it is given, and its file’s again when it is given none',
      run: async () => {
        const [model] = (await bridge.library.get()).models
        if (!model) return
        const nameNow = async () => (await bridge.library.get()).models.find((m) => m.ref === model.ref)?.name
        must((await bridge.library.rename(model.ref, '  Another\n name ')) === 'Another name', 'it is tidied')
        must((await nameNow()) === 'Another name', 'its reference stays')
        const own = await bridge.library.rename(model.ref, '')
        must(own !== '' && own !== 'Another name' && (await nameNow()) === own, 'the name in its file')
        await bridge.library.rename(model.ref, model.name)
        await rejects(bridge.library.rename('no such model', 'x'), 'an unknown model')
      },
    },
    {
      name: 'what is wrong with a model is said as sentences, and only what another template mends asks for one',
      run: async () => {
        for (const model of (await bridge.library.get()).models) {
          for (const said of [model.problem, model.caution]) must(said === '' || said.endsWith('.'), 'a sentence')
          must(!model.problem || !model.caution, 'one of them at most')
          must(!model.wantsTemplate || (model.problem || model.caution) !== '', 'why a template is wanted')
        }
      },
    },
    {
      name: 'a model has the chat template that is chosen, and its own again; one that the engine can’t use is refused',
      run: async () => {
        const [model] = (await bridge.library.get()).models
        if (!model) return
        const own = await bridge.library.details(model.ref)
        const before = await bridge.library.templates(model.ref)
        must(before.families.length > 0 && before.families.every((f) => f.id && f.name && f.text), 'the families')
        const family = before.families[0]
        must((await bridge.library.setTemplate(model.ref, family?.id ?? '', '')) === '', 'a family has no caution')
        must((await bridge.library.details(model.ref)).templateFrom === 'chosen', 'it is used')
        must((await bridge.library.templates(model.ref)).chosen === family?.id, 'it is said')
        must((await bridge.library.get()).models.find((m) => m.ref === model.ref)?.wantsTemplate === false, 'it mends')
        await rejects(bridge.library.setTemplate(model.ref, 'custom', '{{ range .Messages }}'), 'a text with a fault')
        await rejects(bridge.library.setTemplate(model.ref, 'no such family', ''), 'an unknown family')
        must((await bridge.library.templates(model.ref)).text === family.text, 'what is refused changes nothing')
        const mine = '{{ range .Messages }}{{ .Role }}: {{ .Content }}\n{{ end }}'
        await bridge.library.setTemplate(model.ref, 'custom', mine)
        must((await bridge.library.details(model.ref)).template === mine, 'a text of one’s own')
        await bridge.library.setTemplate(model.ref, before.chosen, before.text)
        const after = await bridge.library.details(model.ref)
        must(after.template === own.template && after.templateFrom === own.templateFrom, 'its own again')
        await rejects(bridge.library.templates('no such model'), 'an unknown model')
        await rejects(bridge.library.setTemplate('no such model', '', ''), 'an unknown model')
      },
    },
    {
      name: 'a file that can’t be imported says why before anything is copied',
      run: async () => {
        const found = await bridge.library.look(['/no/such/file.txt'])
        must(found.length === 1 && found[0]?.path === '/no/such/file.txt', 'one answer for a file')
        must(found[0].problem !== '' && found[0].installed === '' && !found[0].alike, 'its problem')
        must((await bridge.library.look([])).length === 0, 'nothing of nothing')
        must(Array.isArray(await bridge.library.dropped()), 'what was dropped is a list')
      },
    },
    {
      name: 'a model of another app that only looks like one of the library says which',
      run: async () => {
        const refs = new Set((await bridge.library.get()).models.map((m) => m.ref))
        for (const { models } of await bridge.library.others('')) {
          must(
            models.every((m) => (m.installed === '' ? !m.alike : refs.has(m.installed))),
            'what is in the library, or looks like it, is named by its reference',
          )
        }
      },
    },
    {
      name: 'the list of downloads, the token, the last check and the ledger can be read without going online',
      run: async () => {
        must(Array.isArray(await bridge.downloads.list()), 'the list is never null')
        const token = await bridge.downloads.token()
        must(token.set === (token.place !== ''), 'a kept token has a place')
        must(Array.isArray((await bridge.library.verifyReport()).bad), 'what is damaged is a list')
        const ledger = await bridge.downloads.ledger()
        must(ledger.count >= ledger.connections.length, 'all connections are counted')
      },
    },
    {
      name: 'a download that is not there can be neither paused nor resumed nor cancelled',
      run: async () => {
        await rejects(bridge.downloads.pause('no such download'), 'pause')
        await rejects(bridge.downloads.resume('no such download'), 'resume')
        await rejects(bridge.downloads.cancel('no such download'), 'cancel')
      },
    },
    {
      name: 'who wants nothing to go online gets a sentence in place of a connection',
      run: async () => {
        const before = await bridge.settings.get()
        const { count } = await bridge.downloads.ledger()
        await bridge.settings.set({ ...before, neverOnline: true })
        await rejects(bridge.downloads.offer('qwen3-4b:Q4_K_M'), 'an offer')
        await rejects(bridge.downloads.start('qwen3-4b:Q4_K_M', true), 'a download')
        await rejects(bridge.downloads.search('qwen'), 'a search')
        await rejects(bridge.downloads.look('hf.co/OWNER/REPO'), 'a look')
        await bridge.settings.set(before)
        must((await bridge.downloads.ledger()).count === count, 'nothing was connected')
      },
    },
  ]
}
