import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endWithUs, freePort } from '../servers/running.ts'
import { type TargetOptions, writeConfiguration } from './configuration.ts'

/** A running server of our own, started as an operator would. */
export interface Target extends AsyncDisposable {
  readonly url: string
  readonly topicPrefix: string
  readonly pid: number
  /** Everything it printed so far. */
  readonly log: () => string
}

const ROOT = join(import.meta.dirname, '../../../..')

/** What the start of the program leaves behind is collected once, and not again and again. */
const MEMORY = '--min-semi-space-size=16'

/** The program from its sources, for Node to run: in one file where a test run has made one of them. */
export const PROGRAM: readonly string[] =
  process.env['TEST_PROGRAM'] === undefined
    ? [MEMORY, '--conditions=@roomserver/source', join(ROOT, 'apps/roomserver/src/index.ts')]
    : [MEMORY, process.env['TEST_PROGRAM']]

/** The program as it was built, started as `pnpm start` and its `bin` do. */
export const BUILT: readonly string[] = [
  '--max-semi-space-size=16',
  join(ROOT, 'apps/roomserver/dist/index.js'),
]

/**
 * Starts the program with a fresh data folder and waits until it is ready.
 *
 * @param program - what Node is given to run it
 * @throws {Error} with its log when it does not start
 */
export async function startTarget(
  options: TargetOptions,
  program: readonly string[] = PROGRAM,
): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-replay-'))
  const port = await freePort()
  const config = await writeConfiguration(options, folder, port)
  const child = spawn(process.execPath, [...program, 'serve', '--config', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  endWithUs(child, 'SIGKILL')
  let log = ''
  child.stdout.on('data', (text: Buffer) => (log += text.toString()))
  child.stderr.on('data', (text: Buffer) => (log += text.toString()))
  const url = `http://127.0.0.1:${port}`
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await waitUntilReady(url, () => child.exitCode === null)
  } catch (cause) {
    await stop()
    throw new Error(`the server did not start:\n${log}`, { cause })
  }
  return { url, topicPrefix: 'Dendrite', pid: child.pid ?? 0, log: () => log, [Symbol.asyncDispose]: stop }
}

async function waitUntilReady(url: string, alive: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_200 && alive(); tries++) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined)
    if (answer?.ok === true) return
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new Error(`not ready: ${url}`)
}
