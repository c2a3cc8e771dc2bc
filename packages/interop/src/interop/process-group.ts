import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { endWithUs } from '@roomserver/testing'

/** Programs that are started and stopped together, each with a log file of its own. */
export class ProcessGroup implements AsyncDisposable {
  readonly #children: { readonly name: string; readonly child: ChildProcess }[] = []
  readonly #logs: string

  constructor(logs: string) {
    this.#logs = logs
  }

  start(
    name: string,
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = process.env,
  ): ChildProcess {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    endWithUs(child, 'SIGKILL')
    const log = createWriteStream(join(this.#logs, `${name}.log`))
    child.stdout?.pipe(log)
    child.stderr?.pipe(log)
    this.#children.push({ name, child })
    return child
  }

  /** Waits until something listens on the port. @throws {Error} when the named program ends before or takes too long */
  async waitForPort(port: number, name: string, seconds = 60): Promise<void> {
    const child = this.#children.findLast((entry) => entry.name === name)?.child
    for (let tries = 0; tries < seconds * 10; tries++) {
      if (await accepts(port)) return
      if (child !== undefined && child.exitCode !== null) break
      await new Promise((done) => setTimeout(done, 100))
    }
    throw new Error(`${name} does not listen on port ${port}; its log: ${join(this.#logs, `${name}.log`)}`)
  }

  /** Stops one program. */
  async stop(name: string): Promise<void> {
    const entry = this.#children.findLast((candidate) => candidate.name === name)
    if (entry !== undefined) await end(entry.child)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#children.toReversed()) await end(child)
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const killer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await ended
  clearTimeout(killer)
}

/** Whether somebody listens on a port of 127.0.0.1. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      done(true)
    })
    socket.on('error', () => done(false))
  })
}
