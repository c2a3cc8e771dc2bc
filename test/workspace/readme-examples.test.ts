import { execFile } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { ROOT } from './packages.ts'
import { readExamples, writeExamples } from './readme-examples.ts'

const run = promisify(execFile)
const EXAMPLES = readExamples()
const PROJECT = writeExamples(EXAMPLES)

it('finds examples', () => expect(EXAMPLES.length).toBeGreaterThan(0))

it('type-checks every example', async () => {
  const checked = run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', PROJECT], { cwd: ROOT })
  await expect(
    checked.catch((error: { stdout: string }) => Promise.reject(new Error(error.stdout))),
  ).resolves.toBeDefined()
})

it.each(EXAMPLES.filter(({ isTest }) => !isTest))(
  '$where prints what stands below it',
  async ({ file, expected }) => {
    const cwd = mkdtempSync(join(tmpdir(), 'example-'))
    const { stdout } = await run(process.execPath, ['--conditions=@roomserver/source', join(ROOT, file)], {
      cwd,
    })
    expect(stdout.trimEnd()).toBe(expected.trimEnd())
  },
)
