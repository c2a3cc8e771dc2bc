import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { BUILT, endWithUs, freePort, type TargetOptions, writeConfiguration } from '@roomserver/testing'

/** The built program, which can be ended and started again on the same port. */
export class RestartableServer implements AsyncDisposable {
  readonly port: number
  readonly #folder: string
  readonly #config: string
  #child: ChildProcess | undefined

  private constructor(port: number, folder: string, config: string) {
    this.port = port
    this.#folder = folder
    this.#config = config
  }

  static async start(options: TargetOptions): Promise<RestartableServer> {
    const folder = await mkdtemp(join(tmpdir(), 'roomserver-rolling-'))
    const port = await freePort()
    const server = new RestartableServer(port, folder, await writeConfiguration(options, folder, port))
    await server.start()
    return server
  }

  /** Starts it, and returns when it is ready. */
  async start(): Promise<void> {
    this.#child = spawn(process.execPath, [...BUILT, 'serve', '--config', this.#config], { stdio: 'ignore' })
    endWithUs(this.#child, 'SIGKILL')
    const isReady = () =>
      fetch(`http://127.0.0.1:${this.port}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      )
    while (!(await isReady())) {
      if (this.#child.exitCode !== null) throw new Error('the server ended at its start')
      await pause(50)
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL')
    await rm(this.#folder, { recursive: true, force: true })
  }
}
