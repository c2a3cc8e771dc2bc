import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')

/** Makes this Node.js say that it is an older one, before anything else is loaded. */
const AS_NODE_20 = `data:text/javascript,${encodeURIComponent(
  "for (const [name, value] of [['version', 'v20.20.2'], ['versions', { ...process.versions, node: '20.20.2' }]]) Object.defineProperty(process, name, { value })",
)}`

it.each(['storage', 'storage-contract', 'producers', 'inthttp', 'core', 'engine'])(
  '@roomserver/%s tells an older Node.js in one sentence what it needs',
  async (name) => {
    const entry = join(ROOT, `packages/${name}/src/index.ts`)
    const failed = await run(process.execPath, [
      '--conditions=@roomserver/source',
      '--import',
      AS_NODE_20,
      entry,
    ]).catch((error: { stderr: string }) => error)
    const sentence = /Error: (.*?)\]?$/m.exec(failed.stderr)?.[1]
    expect(sentence).toBe(`@roomserver/${name} needs Node.js 24 or later, and this is v20.20.2`)
    expect(failed.stderr).not.toContain('    at ')
  },
)

it('the program does so too', async () => {
  const entry = join(ROOT, 'apps/roomserver/src/index.ts')
  const failed = await run(process.execPath, [
    '--conditions=@roomserver/source',
    '--import',
    AS_NODE_20,
    entry,
  ]).catch((error: { stderr: string }) => error)
  expect(failed.stderr).toMatch(/^roomserver: needs Node\.js 24 or later, and this is v20\.20\.2[^\n]*\n$/)
})
