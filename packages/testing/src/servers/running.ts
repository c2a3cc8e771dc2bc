import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { within } from '../within.ts'

/** A real server that a test has for itself: it can be stopped, killed and started again on the same port and data. */
export interface TestServer extends AsyncDisposable {
  readonly url: string
  /** Where its data is; to be copied or replaced only while it is stopped. */
  readonly folder: string
  /** Starts it again after `stop`; returns when it answers. */
  start(): Promise<void>
  /** Ends the process and waits for that; `kill` gives it no chance to clean up. The data stays. */
  stop(how?: 'orderly' | 'kill'): Promise<void>
}

/** A TCP port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('the system gave no port')
  return address.port
}

/** Keeps what a process printed last, for the message when it does not come up. */
export function lastWords(child: ChildProcess): () => string {
  let text = ''
  const keep = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-4_000)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  return () => text
}

/** Tries until `isUp` says yes, the process ends or the time is over. */
export async function untilUp(
  name: string,
  child: ChildProcess,
  isUp: () => Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const said = lastWords(child)
  const end = Date.now() + timeoutMs
  while (!(await within(timeoutMs, `the first answer of ${name}`, isUp()))) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`${name} ended at its start:\n${said()}`)
    if (Date.now() > end) throw new Error(`${name} does not answer after ${timeoutMs} ms:\n${said()}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** How long a process may take to end. */
const END_MS = 60_000

/** Sends a signal and waits for the end of the process. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await within(END_MS, `the end of ${child.spawnfile} after ${signal}`, ended)
}

/** What is done when this process ends. */
const LAST_DEEDS = new Set<() => void>()

/** Workers of test runners are ended by a signal, at which nothing is told of an exit. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Does not let a process outlive this one, however this one ends (but for kill -9). */
export function endWithUs(child: ChildProcess, signal: NodeJS.Signals): void {
  const end = (): void => {
    child.kill(signal)
  }
  if (LAST_DEEDS.size === 0) {
    process.on('exit', endAll)
    for (const name of SIGNALS) process.on(name, endAllAndUs)
  }
  LAST_DEEDS.add(end)
  child.once('exit', () => {
    LAST_DEEDS.delete(end)
    if (LAST_DEEDS.size === 0) forget()
  })
}

function endAll(): void {
  for (const end of LAST_DEEDS) end()
}

function endAllAndUs(signal: NodeJS.Signals): void {
  endAll()
  forget()
  // Who else listens for it decides what becomes of us.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
}

function forget(): void {
  process.off('exit', endAll)
  for (const name of SIGNALS) process.off(name, endAllAndUs)
}
