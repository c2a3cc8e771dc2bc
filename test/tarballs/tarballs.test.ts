import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { build as esbuild } from 'esbuild'
import { build as vite } from 'vite'
import { expect, it } from 'vitest'
import { binaryOf, type Runtime, RUNTIMES } from '../../packages/conformance/test/platforms/runtimes.ts'
import { startChromium } from '../../packages/testing/src/browser/chromium.ts'
import { endWithUs } from '../../packages/testing/src/servers/running.ts'
import { publishedPackages } from '../../scripts/published-packages.ts'
import { OUTPUT } from '../examples/output.ts'
import { makeConsumer } from './consumer.ts'
import { NODE_22, OLD_TYPESCRIPT, TYPESCRIPTS, WORKERD } from './tools.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const CONSUMER = makeConsumer()
const PURE = ['types', 'version', 'events', 'auth', 'acls', 'state', 'api', 'inspect']

for (const name of ['program', 'worker', 'page']) {
  const source = readFileSync(join(import.meta.dirname, 'consumer', `${name}.ts`), 'utf8')
  writeFileSync(join(CONSUMER, `${name}.ts`), source)
  writeFileSync(join(CONSUMER, `${name}.js`), stripTypeScriptTypes(source))
}
writeFileSync(join(CONSUMER, 'package.json'), '{"private":true,"type":"module"}')
const RUN = join(CONSUMER, 'run.js')
writeFileSync(RUN, "import { answers } from './program.js'\nconsole.log(JSON.stringify(await answers()))\n")

const ANSWERS = {
  acl: false,
  // "Otherwise, reject", and "if membership state is invite or join": Bob is in the room, which has no join rules.
  ban: [false, 'v11 4.6.3'],
  join: 'v11 4.3.4',
  level: 100,
  canonical: '{"a":[true,null],"b":1}',
  redacted: { membership: 'join' },
  // SHA-256 of the redacted event as canonical JSON, which Python's hashlib and json give as well.
  eventId: '$mgToiwAixAYACP1FCxwWITS7otrwwtQ6yV7yIbRiomY',
  verified: { ok: true },
  changed: false,
  inspected: [1],
  resolved: ['$1', '$2', '$3', '$@alice:a.test', '$@bob:b.test'],
  missing: 'MISSING_EVENTS',
}

/** What a program prints with the tarballs. */
async function printed(command: string, ...args: readonly string[]): Promise<unknown> {
  const { stdout } = await run(command, args, { cwd: CONSUMER })
  return JSON.parse(stdout)
}

it('run on this Node.js', async () => {
  expect(await printed(process.execPath, RUN)).toEqual(ANSWERS)
})

it('run on the oldest Node.js that is promised, and are loaded by require', async () => {
  const node = await binaryOf(NODE_22)
  expect(await printed(node, RUN)).toEqual(ANSWERS)
  const loads = PURE.map((name) => `typeof require('@roomserver/${name}')`).join(',')
  expect(await printed(node, '--no-warnings', '-p', `JSON.stringify([${loads}])`)).toEqual(
    PURE.map(() => 'object'),
  )
})

it('say on that one what those need that need a newer one, the program too', async () => {
  const node = await binaryOf(NODE_22)
  const others = publishedPackages().filter(
    ({ manifest, name }) =>
      (manifest['engines'] as { node: string }).node === '>=24' && !name.endsWith('/inspector'),
  )
  expect(others.length).toBeGreaterThan(6)
  for (const { name } of others) {
    const failed = await run(node, ['--input-type=module', '-e', `import '${name}'`], {
      cwd: CONSUMER,
    }).catch((error: { stderr: string }) => error)
    expect(failed.stderr, name).toMatch(/needs Node\.js 24 or later, and this is v22\./)
  }
})

it.each(RUNTIMES)('run on $name', async (runtime: Runtime) => {
  const options = runtime.options.filter((option) => !option.startsWith('--conditions'))
  expect(await printed(await binaryOf(runtime), ...options, RUN)).toEqual(ANSWERS)
})

it('run in workerd', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'worker-'))
  await esbuild({
    entryPoints: [join(CONSUMER, 'worker.js')],
    outfile: join(folder, 'worker.js'),
    bundle: true,
    format: 'esm',
    conditions: ['workerd', 'worker', 'browser'],
    logLevel: 'silent',
  })
  const config = join(folder, 'config.capnp')
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-01-01",
))]);
`,
  )
  const { stdout } = await run(await binaryOf(WORKERD), ['test', config], { cwd: folder })
  expect(JSON.parse(stdout)).toEqual(ANSWERS)
})

it('are built by Vite and run in Chromium', async () => {
  const root = join(CONSUMER, 'site')
  mkdirSync(root)
  for (const name of ['program.js', 'page.js']) cpSync(join(CONSUMER, name), join(root, name))
  const page = '<!doctype html><title></title><script type="module" src="/page.js"></script>'
  writeFileSync(join(root, 'index.html'), page)
  const outDir = join(root, 'built')
  await vite({ root, configFile: false, logLevel: 'silent', build: { outDir, target: 'es2022' } })
  await using server = await serve(outDir)
  const browser = await startChromium()
  try {
    const opened = await browser.newPage()
    await opened.goto(server.url)
    await opened.waitForFunction('document.title !== ""')
    expect(JSON.parse(await opened.title())).toEqual(ANSWERS)
  } finally {
    await browser.close()
  }
})

it.each(TYPESCRIPTS)(
  'have types for TypeScript $version, with skipLibCheck off',
  async ({ tsc, version }) => {
    const compiler = await tsc()
    for (const [module, moduleResolution] of [
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ] as const) {
      const options = { module, moduleResolution, target: 'es2022', lib: ['es2022', 'dom'], types: [] }
      const project = join(CONSUMER, `tsconfig.${version}.${module}.json`)
      const compilerOptions = { ...options, strict: true, skipLibCheck: false, noEmit: true }
      writeFileSync(
        project,
        JSON.stringify({ compilerOptions, files: ['program.ts', 'worker.ts', 'page.ts'] }),
      )
      const checked = await run(process.execPath, [compiler, '-p', project], { cwd: CONSUMER }).catch(
        (error: { stdout: string }) => error,
      )
      expect(checked.stdout, `${version}, ${module}`).toBe('')
    }
  },
)

it.each(TYPESCRIPTS)(
  'have no faults of their own in the types of the others for TypeScript $version',
  async ({ tsc, version }) => {
    const names = publishedPackages().map(({ name }) => name)
    const others = names.filter((name) => !/\/(?:app|inspector)$/.test(name))
    writeFileSync(
      join(CONSUMER, 'all.ts'),
      others.map((name, at) => `export * as part${at} from '${name}'`).join('\n'),
    )
    const module = { module: 'nodenext', moduleResolution: 'nodenext', target: 'es2022', lib: ['esnext'] }
    const compilerOptions = { ...module, types: ['node'], strict: true, skipLibCheck: false, noEmit: true }
    const project = join(CONSUMER, `tsconfig.${version}.all.json`)
    writeFileSync(project, JSON.stringify({ compilerOptions, files: ['all.ts'] }))
    const checked = await run(process.execPath, [await tsc(), '-p', project], { cwd: CONSUMER }).catch(
      (error: { stdout: string }) => error,
    )
    expect(checked.stdout.split('\n').filter((line) => line.includes('@roomserver/'))).toEqual([])
  },
)

it('tell editors what each operation does', async () => {
  const compiler = join(dirname(await OLD_TYPESCRIPT.tsc()), '../lib/typescript.js')
  const api = ['RoomserverApi', 'InspectionApi', 'AdministrationApi', 'FederationApi', 'UserApi']
  const types = api.map((name) => `export declare const ${name}: import('@roomserver/api').${name}`)
  writeFileSync(join(CONSUMER, 'hover.ts'), types.join('\n'))
  const program = `import ts from ${JSON.stringify(compiler)}
    const module = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext }
    const program = ts.createProgram(['hover.ts'], { ...module, strict: true, types: [] })
    const checker = program.getTypeChecker()
    const source = checker.getSymbolAtLocation(program.getSourceFile('hover.ts'))
    const operations = checker.getExportsOfModule(source).flatMap((table) => checker.getTypeOfSymbol(table).getProperties())
    const silent = operations.filter((one) => one.getDocumentationComment(checker).length === 0)
    console.log(JSON.stringify({ operations: operations.length, silent: silent.map(({ name }) => name) }))`
  const told = await printed(process.execPath, '--input-type=module', '-e', program)
  expect(told).toEqual({ operations: expect.any(Number), silent: [] })
  expect(told).not.toMatchObject({ operations: 0 })
})

it.each(Object.entries(OUTPUT))('run the example %s', async (name, output) => {
  cpSync(join(ROOT, 'examples', name), join(CONSUMER, name))
  const { stdout } = await run(process.execPath, [name], { cwd: CONSUMER })
  expect(stdout.trimEnd().split('\n')).toEqual(output)
})

it('open an engine', async () => {
  const program = `import { openEngine } from '@roomserver/engine'
    await using rooms = await openEngine({ serverName: 'example.org', store: 'rooms.db' })
    const room = await rooms.createRoom('@alice:example.org')
    console.log(JSON.stringify((await rooms.members(room)).length))`
  expect(await printed(process.execPath, '--input-type=module', '-e', program)).toBe(1)
})

it('serve on SQLite in an empty folder', async () => {
  const program = join(CONSUMER, 'node_modules/@roomserver/app/dist/index.js')
  const args = [program, 'serve', '--listen', '127.0.0.1:0']
  const child = spawn(process.execPath, args, { cwd: mkdtempSync(join(tmpdir(), 'empty-')) })
  endWithUs(child, 'SIGKILL')
  const ended = once(child, 'close')
  let log = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (log += text))
  const address = () => /"url":"(http:[^"]+)"/.exec(log)?.[1]
  await expect.poll(address, { timeout: 120_000 }).toBeDefined()
  const answer = await fetch(`${address()}/readyz`)
  expect(answer.status).toBe(200)
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})

/** Serves a folder, since WebCrypto is there only for pages of a server. */
async function serve(folder: string): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(({ url = '/' }, response) => {
    const path = join(folder, url === '/' ? 'index.html' : url)
    const type = path.endsWith('.html') ? 'text/html' : 'text/javascript'
    try {
      response.setHeader('content-type', type)
      response.end(readFileSync(path))
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, [Symbol.asyncDispose]: close }
}
