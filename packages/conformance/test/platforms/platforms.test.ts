import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { startChromium } from '@roomserver/testing'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { linesOf } from '../../src/vectors/run.ts'
import { binaryOf, RUNTIMES } from './runtimes.ts'

const ROOT = join(import.meta.dirname, '../../../..')
const FIXTURES = join(ROOT, 'packages/conformance/fixtures')
/** All vectors where they are at hand, else a few of each kind; and those of later releases of the specification. */
const FOLDERS = [
  [join(ROOT, '../shared/vectors'), join(FIXTURES, 'vectors')].find(existsSync) ?? '',
  join(FIXTURES, 'v1.19'),
]
const filesOf = (folder: string) => readdirSync(folder).filter((file) => /\.jsonl(\.gz)?$/.test(file))
const FILES = FOLDERS.flatMap((folder) => filesOf(folder).map((file) => join(folder, file)))
const familyOf = (file: string) => basename(file).replace(/\.jsonl(\.gz)?$/, '')
const run = promisify(execFile)

describe('the packages of the room algorithms, in Chromium', () => {
  it('bundle without anything of Node and hold the vectors', async () => {
    const { page, close } = await openPage(await bundle())
    try {
      for (const [index, file] of FILES.entries()) {
        const rows = linesOf(file).length
        const expression = `roomserver.checkFamily('${familyOf(file)}', '/${index}')`
        expect(await page.evaluate(expression), file).toEqual({ passed: rows, failed: [] })
      }
      expect(await page.evaluate("roomserver.isDenied('evil.test:8448', '*.test')")).toBe(true)
    } finally {
      await close()
    }
  }, 600_000)
})

describe.each(RUNTIMES)('the packages of the room algorithms, in $name', (runtime) => {
  it.each(FOLDERS)(
    'run from their sources and hold the vectors in %s',
    async (folder) => {
      const program = join(import.meta.dirname, 'run-vectors.ts')
      const { stdout } = await run(await binaryOf(runtime), [...runtime.options, program, folder], {
        cwd: ROOT,
      })
      const failed = Object.fromEntries(filesOf(folder).map((file) => [familyOf(file), []]))
      expect(JSON.parse(stdout)).toEqual(failed)
    },
    600_000,
  )
})

/** The entry and all that it imports as one script; fails when a module of Node is among it. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'browser-entry.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'roomserver',
    platform: 'browser',
    target: 'es2024',
    conditions: ['@roomserver/source'],
  })
  return outputFiles[0]?.text ?? ''
}

/** A page with the script, on a server that has the vectors too: WebCrypto is there only for pages of a server. */
async function openPage(script: string): Promise<{ page: Page; close: () => Promise<void> }> {
  const server = createServer(({ url = '/' }, response) => {
    const file = FILES.find((_, index) => url === `/${index}`)
    response.setHeader('content-type', file === undefined ? 'text/html' : 'text/plain')
    response.end(file === undefined ? '<!doctype html><title>vectors</title>' : linesOf(file).join('\n'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const browser = await startChromium().catch((error: unknown) => {
    server.close()
    throw error
  })
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  await page.addScriptTag({ content: script })
  const close = async () => {
    await browser.close()
    server.close()
  }
  return { page, close }
}
