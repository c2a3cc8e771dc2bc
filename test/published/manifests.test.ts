import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { publishedPackages } from '../../scripts/published-packages.ts'
import { filesBelow, readText } from '../workspace/packages.ts'

const ROOT = join(import.meta.dirname, '../..')
const REPOSITORY = 'https://github.com/roomserver/roomserver'
/** Of pure functions: they run wherever JavaScript does, and on the oldest Node.js that is supported. */
const PURE = ['types', 'version', 'events', 'auth', 'acls', 'state', 'api', 'inspect'].map(
  (name) => `@roomserver/${name}`,
)
const PACKAGES = publishedPackages()

it('finds the packages', () => expect(PACKAGES.length).toBeGreaterThan(12))

describe.each(PACKAGES)('$name', ({ folder, manifest, name }) => {
  it('says where it comes from, what it is about and what it runs on', () => {
    expect(manifest).toMatchObject({
      homepage: `${REPOSITORY}/tree/main/${folder}#readme`,
      bugs: `${REPOSITORY}/issues`,
      repository: { type: 'git', url: `git+${REPOSITORY}.git`, directory: folder },
      engines: { node: PURE.includes(name) ? '>=22' : '>=24' },
      publishConfig: { access: 'public', provenance: true },
      keywords: expect.arrayContaining(['matrix']),
      license: 'Apache-2.0',
    })
  })

  it('ships no tests, and a changelog', () => {
    expect(manifest['files']).toEqual(
      expect.arrayContaining(['dist', 'CHANGELOG.md', '!src/**/*.test.ts', '!src/**/*.bench.ts']),
    )
    expect(existsSync(join(ROOT, folder, 'CHANGELOG.md'))).toBe(true)
  })

  it('depends on published packages only', () => {
    const dependencies = Object.keys((manifest['dependencies'] ?? {}) as Record<string, string>)
    const own = dependencies.filter((dependency) => dependency.startsWith('@roomserver/'))
    expect(own.filter((dependency) => !PACKAGES.some((other) => other.name === dependency))).toEqual([])
  })

  it('has a README whose links work outside of the repository, and whose examples need nothing else', () => {
    const readme = readFileSync(join(ROOT, folder, 'README.md'), 'utf8')
    const links = [...readme.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
    expect(links.filter((link) => !/^(https:|#)/.test(link))).toEqual([])
    const here = links.flatMap((link) => {
      const [, path] =
        /^https:\/\/github\.com\/roomserver\/roomserver\/(?:blob|tree)\/main\/([^#]+)/.exec(link) ?? []
      return path === undefined || existsSync(join(ROOT, path)) ? [] : [path]
    })
    expect(here).toEqual([])
    const imported = [...readme.matchAll(/ from '(@roomserver\/[a-z-]+)'/g)].map(([, target = '']) => target)
    expect(imported.filter((target) => !PACKAGES.some((other) => other.name === target))).toEqual([])
  })
})

it.each(PACKAGES.filter(({ name }) => PURE.includes(name)))(
  '$name has types that TypeScript 5.4 understands',
  ({ folder }) => {
    const sources = filesBelow(join(folder, 'src'), ['.ts']).filter((path) => !path.endsWith('.test.ts'))
    // What came with 5.6 and 5.7 and would end up in declarations; one file says what stands in for it.
    const found = sources.filter((path) =>
      /\bUint8Array<|\bMapIterator\b|\bSetIterator\b/.test(readText(path)),
    )
    expect(found.filter((path) => path !== 'packages/types/src/bytes.ts')).toEqual([])
  },
)
