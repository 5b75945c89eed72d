import { describe, expect, it } from 'vitest'
import modules from '../../../../go.mod?raw'
import page from '../../../package.json'
import licences from '../../assets/licences.json'

describe('the licences of others', () => {
  const versions = new Map(licences.parts.map((p) => [p.name, p.version]))

  it('hold everything that the page is built from, in the version that it is', () => {
    for (const [name, version] of Object.entries(page.dependencies)) {
      expect(versions.get(name), `${name}: run build/setup/licences.py`).toBe(version)
    }
  })

  it('hold what the app links, in the version that go.mod asks for', () => {
    const asked = new Map([...modules.matchAll(/^\t(\S+) (v\S+)/gm)].map((m) => [m[1] ?? '', m[2] ?? '']))
    const linked = licences.parts.filter((p) => p.version.startsWith('v') && p.name.includes('.'))
    expect(linked.length).toBeGreaterThan(20)
    for (const { name, version } of linked) {
      expect(version, `${name}: run build/setup/licences.py`).toBe(asked.get(name))
    }
    for (const name of ['github.com/wailsapp/wails/v2', 'github.com/ollama/ollama', 'go.etcd.io/bbolt']) {
      expect(versions.has(name), name).toBe(true)
    }
  })

  it('come with the words of each', () => {
    for (const part of licences.parts) expect(licences.texts[part.text]?.length, part.name).toBeGreaterThan(100)
  })
})
