import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FAMILIES } from './families.ts'
import { parseRow } from './row.ts'
import { runVectors } from './run.ts'

const ROOT = join(import.meta.dirname, '../../../..')
const FIXTURES = join(ROOT, 'packages/conformance/fixtures')
/** A few rows of each golden family are here; all of them are beside the repository, where they are at all. */
const GOLDEN = [join(FIXTURES, 'vectors'), join(ROOT, '../shared/vectors')]
/** What releases of the specification have clarified or added since. */
const FOLDERS = [...GOLDEN.filter(existsSync), join(FIXTURES, 'v1.19')]

describe.each(FOLDERS)('the vectors in %s', (folder) => {
  it('hold', async () => {
    const results = await runVectors(folder)
    expect(results.flatMap(({ failed }) => failed)).toEqual([])
    for (const { passed } of results) expect(passed).toBeGreaterThan(0)
  }, 300_000)
})

it('there are vectors of every family', () => {
  const files = [join(FIXTURES, 'vectors'), join(FIXTURES, 'v1.19')].flatMap((folder) => readdirSync(folder))
  const families = new Set(files.map((file) => file.replace(/\.jsonl(\.gz)?$/, '')))
  expect([...families].toSorted()).toEqual([...FAMILIES.keys()].toSorted())
})

describe('runVectors', () => {
  const folderWith = (files: Readonly<Record<string, string>>) => {
    const folder = mkdtempSync(join(tmpdir(), 'vectors-'))
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    return folder
  }
  const row = (input: string, accept: boolean) =>
    JSON.stringify({ id: 'x', roomVersion: '6', input, expected: { accept } })

  it('names the rows that do not hold, and why', async () => {
    const lines = [row('{', true), row('{', false), '{}', '[]'].join('\n')
    expect(await runVectors(folderWith({ 'canonical-json.jsonl': lines, 'README.md': '' }))).toEqual([
      {
        family: 'canonical-json',
        passed: 1,
        failed: [
          { id: 'x', difference: 'accept is false, expected true' },
          { id: 'line 3', difference: 'threw TypeError: a row has no expected result' },
          { id: 'line 4', difference: 'threw TypeError: a row is not an object' },
        ],
      },
    ])
  })

  it('fails a family that it does not know', async () => {
    expect(await runVectors(folderWith({ 'novel.jsonl': '{}\n' }))).toEqual([
      {
        family: 'novel',
        passed: 0,
        failed: [{ id: 'novel.jsonl', difference: 'unknown family of vectors' }],
      },
    ])
  })
})

it.each(['1', '1.0', '-0', '-0.0', '9007199254740993', '-9007199254740993', '1e3', '-1E400', '0.1'])(
  'parseRow gives %s back as it stands in the file',
  (number) => {
    const line = `{"a":[${number}],"b":{"__proto__":${number}},"c":[0,${number}]}`
    expect(JSON.stringify(parseRow(line))).toBe(line)
  },
)
