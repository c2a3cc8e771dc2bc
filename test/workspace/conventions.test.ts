import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesBelow, ROOT, readText, workspacePackages } from './packages.ts'
import { BANNED_WORDS, IS_NO } from './words.ts'

const PACKAGES = workspacePackages()
const SOURCES = ['packages', 'apps', 'scripts', 'test'].flatMap((folder) =>
  filesBelow(folder, ['.ts', '.tsx']),
)
const TEXTS = [...filesBelow('docs', ['.md']), ...SOURCES, 'README.md', 'CONTRIBUTING.md']

describe.each(PACKAGES)('$folder', ({ folder, manifest }) => {
  it('has the five scripts', () => {
    expect(Object.keys(manifest.scripts ?? {})).toEqual(
      expect.arrayContaining(['build', 'typecheck', 'lint', 'test', 'bench']),
    )
  })

  it('runs the benches that it has', () => {
    const place = join(folder, 'bench')
    const benches = existsSync(join(ROOT, place)) ? filesBelow(place, ['.ts']) : []
    const script = manifest.scripts?.['bench'] ?? ''
    const isRun = (path: string): boolean =>
      script.startsWith('vitest bench')
        ? path.endsWith('.bench.ts')
        : script.includes(path.slice(folder.length + 1))
    if (benches.length > 0) expect(benches.filter(isRun)).not.toEqual([])
  })

  it('has a README and says what it is', () => {
    expect(existsSync(join(ROOT, folder, 'README.md'))).toBe(true)
    expect(manifest.description).toMatch(/\.$/)
    expect(manifest.license).toBe('Apache-2.0')
  })

  it('promises its exports by name', () => {
    const index = join(folder, 'src/index.ts')
    if (existsSync(join(ROOT, index))) expect(readText(index)).not.toMatch(/export \*/)
  })

  it('offers sources to us and builds to others', () => {
    for (const target of Object.values(manifest.exports ?? {})) {
      expect(Object.keys(target)).toEqual(['@roomserver/source', 'types', 'default'])
    }
  })
})

it('links to one version of the specification', () => {
  const links = TEXTS.flatMap((path) =>
    [...readText(path).matchAll(/https:\/\/spec\.matrix\.org\/[^\s)>'"`]*/g)].map(
      ([link]) => `${path}: ${link}`,
    ),
  )
  expect(links.length).toBeGreaterThan(0)
  expect(links.filter((link) => !/spec\.matrix\.org\/(v1\.19(\/|$)|$)/.test(link))).toEqual([])
})

it('leaves nothing for later', () => {
  const marks = new RegExp(
    ['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].map((mark) => `\\b${mark}\\b`).join('|'),
  )
  const skips = new RegExp(
    `\\b(it|test|describe)\\.(${['sk' + 'ip', 'to' + 'do', 'on' + 'ly'].join('|')})\\b`,
  )
  const found = TEXTS.flatMap((path) =>
    readText(path)
      .split('\n')
      .flatMap((line, index) =>
        marks.test(line) || skips.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
      ),
  )
  expect(found).toEqual([])
})

it('names files after concepts, in kebab case', () => {
  expect(SOURCES.filter((path) => !/\/\d*[a-z0-9-]+(\.[a-z]+)*\.tsx?$/.test(path))).toEqual([])
})

it('has no test that reads the clock of the machine', () => {
  const isTest = (path: string) => /\.test\.tsx?$/.test(path) || /^(packages|apps)\/[a-z]+\/test\//.test(path)
  const reads = /\b(Date\.now|performance\.now|process\.hrtime(\.bigint)?|process\.uptime)\(|\bnew Date\(\)/
  // A test that holds the clock may read it.
  const holds = /vi\.useFakeTimers\(|vi\.spyOn\(performance, 'now'\)/
  const found = SOURCES.filter(
    (path) => isTest(path) && reads.test(readText(path)) && !holds.test(readText(path)),
  )
  expect(found).toEqual([])
})

it('waits in tests with expect.poll, whose patience is configured in one place', () => {
  const waits = /\bvi\.wait(?:For|Until)\(/
  expect(SOURCES.filter((path) => waits.test(readText(path)))).toEqual([])
})

it('keeps the words of the spelling check sorted, each once', () => {
  const words = readText('cspell-words.txt').trimEnd().split('\n')
  expect(words).toEqual([...new Set(words)].sort())
})

/** Pages that quote former words, tables that were named before, and decisions, which keep their words. */
const QUOTES = /^docs\/(glossary\.md|decisions\/)|^test\/workspace\/words\.ts$|\/migrations\//

it('uses the words of the glossary', () => {
  const banned = new RegExp(`(?<![A-Za-z])(${BANNED_WORDS.join('|')})(?![a-z])`)
  const found = TEXTS.filter((path) => !QUOTES.test(path)).flatMap((path) =>
    readText(path)
      .split('\n')
      .flatMap((line, at) => (banned.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
  )
  expect(found).toEqual([])
})

/** Reasons of stored verdicts: stores hold them in these words. */
const STORED_REASONS = /is no (user ID|known room version|membership here|redaction of)/

it('denies with "not", as in "is not a user"', () => {
  const found = TEXTS.filter((path) => !QUOTES.test(path)).flatMap((path) =>
    readText(path)
      .split('\n')
      .flatMap((line, at) =>
        IS_NO.test(line) && !STORED_REASONS.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [],
      ),
  )
  expect(found).toEqual([])
})
