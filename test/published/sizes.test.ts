import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { join } from 'node:path'
import { expect, it } from 'vitest'

/** Size of a program that imports these names, minified and compressed, in bytes, as a browser gets it. */
async function sizeOf(code: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: join(import.meta.dirname, '../../packages/conformance') },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    conditions: ['@roomserver/source'],
    logLevel: 'silent',
  })
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length
}

const keep = (names: string, from: string) => `export { ${names} } from '@roomserver/${from}'`

it.each([
  // what, the most kB
  [
    'events, auth and state',
    ['events', 'auth', 'state'].map((name) => `export * from '@roomserver/${name}'`).join('\n'),
    54,
  ],
  ['canonicalJson', keep('canonicalJson', 'events'), 1.5],
  ['powersOf', keep('powersOf', 'auth'), 3],
  ['roomVersion', keep('roomVersion', 'version'), 1],
  ['isServerName', keep('isServerName', 'types'), 0.5],
  ['compileServerAcl', keep('compileServerAcl', 'acls'), 1.5],
  ['redactClientEvent', keep('redactClientEvent', 'events'), 6],
  ['parsePdu', keep('parsePdu', 'events'), 10],
  ['permissionsOf', keep('permissionsOf', 'auth'), 21.5],
  ['checkAuth', keep('checkAuth', 'auth'), 18],
  ['resolveState', keep('resolveState', 'state'), 27.5],
])('%s', async (_what, code, most) => {
  const kB = (await sizeOf(code)) / 1000
  expect(kB).toBeLessThan(most)
  expect(kB, 'a budget that is far from the size holds nothing').toBeGreaterThan(most / 3)
})
