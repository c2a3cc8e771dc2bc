import { execFile } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { bundle } from '../../scripts/bundle.ts'
import { ROOT } from './packages.ts'
import { readCommentExamples, readExamples, writeExamples } from './readme-examples.ts'

const run = promisify(execFile)
const EXAMPLES = readExamples()
const COMMENTS = readCommentExamples()
const PROGRAMS = EXAMPLES.filter(({ isTest }) => !isTest)
const PROJECT = writeExamples([...EXAMPLES, ...COMMENTS])

it('finds examples', () => {
  expect(EXAMPLES.length).toBeGreaterThan(20)
  expect(COMMENTS.length).toBeGreaterThan(40)
})

it('finds a program in each example of a doc comment', () => {
  expect(COMMENTS.filter(({ code }) => !code.includes('import ')).map(({ where }) => where)).toEqual([])
})

it('type-checks every example', async () => {
  const checked = run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', PROJECT], { cwd: ROOT })
  await expect(
    checked.catch((error: { stdout: string }) => Promise.reject(new Error(error.stdout))),
  ).resolves.toBeDefined()
})

describe('an example', () => {
  let programOf: (file: string) => string
  beforeAll(async () => {
    const files = PROGRAMS.map(({ file }) => file)
    programOf = await bundle(files, mkdtempSync(join(tmpdir(), 'examples-')))
  })

  it.each(PROGRAMS)('$where prints what stands below it', async ({ file, expected }) => {
    const cwd = mkdtempSync(join(tmpdir(), 'example-'))
    const { stdout } = await run(process.execPath, [programOf(file)], { cwd })
    expect(stdout.trimEnd()).toBe(expected.trimEnd())
  })
})
