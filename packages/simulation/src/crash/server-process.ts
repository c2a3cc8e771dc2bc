import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endWithUs, freePort, within, writeConfiguration } from '@roomserver/testing'

/** Where servers keep rooms and announce outputs. */
export interface Place {
  /** `file:…` or `postgresql://…` */
  readonly database: string
  /** JetStream; the embedded log when left out. */
  readonly natsUrl?: string | undefined
  /** How many servers keep the stream of outputs; as many as there are, at most three, when left out. */
  readonly replicas?: number | undefined
  /** Outputs that the embedded log keeps; all when left out. */
  readonly keptOutputs?: number | undefined
}

/** How long it may take to say that it is there, and to end. */
const ANSWER_MS = 10_000
/** How long a start may take: on a busy machine, with the migrations of an empty database, more than a minute. */
const START_MS = 180_000
const END_MS = 60_000

/** Lines that say that something is wrong, and how many of the last are kept. */
const COMPLAINT = /"level":"(?:warn|error|fatal)"/
const MOST_COMPLAINTS = 40

/** Lines that say that something is wrong about outputs. */
const ABOUT_OUTPUTS = /"level":"(?:warn|error)".*(?:outputs|the stream|message server)/

/** The program as it was built, or where a test run has put it into one file, which starts in a fraction of the time. */
const ENTRY =
  process.env['TEST_PROGRAM'] ?? join(import.meta.dirname, '../../../../apps/roomserver/dist/index.js')

/** The program as an operator runs it; killed and started again on the same port and data. */
export class ServerProcess implements AsyncDisposable {
  readonly url: string
  readonly #folder: string
  readonly #config: string
  #child: ChildProcess | undefined
  #log = ''
  #warnings: string[] = []
  #complaints: string[] = []

  private constructor(folder: string, config: string, port: number) {
    this.#folder = folder
    this.#config = config
    this.url = `http://127.0.0.1:${port}`
  }

  /** Prepares a server that keeps its data elsewhere; it does not run yet. */
  static async prepare(place: Place): Promise<ServerProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'roomserver-crash-'))
    const port = await freePort()
    const options = {
      serverName: 'a',
      ...place,
    }
    return new ServerProcess(folder, await writeConfiguration(options, folder, port), port)
  }

  get isRunning(): boolean {
    const child = this.#child
    return child !== undefined && child.exitCode === null && child.signalCode === null
  }

  /** The lines of its log that say that something happened to outputs, over all its starts. */
  get warnings(): readonly string[] {
    return this.#warnings
  }

  /** The last lines of its log that say that something is wrong, over all its starts. */
  get complaints(): readonly string[] {
    return this.#complaints
  }

  /** The last that it printed. */
  get log(): string {
    return this.#log.slice(-4_000)
  }

  /**
   * Starts it and waits until it answers.
   *
   * @param fault - where it is to kill itself: `<point>:<n>`
   * @returns whether it answers; false: it is dead already
   */
  async start(fault?: string): Promise<boolean> {
    const env = { ...process.env, ...(fault !== undefined && { ROOMSERVER_FAULT: fault }) }
    const child = spawn(process.execPath, [ENTRY, 'serve', '--config', this.#config], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    endWithUs(child, 'SIGKILL')
    let rest = ''
    const keep = (text: Buffer): void => {
      this.#log = (this.#log + text.toString()).slice(-20_000)
      const lines = (rest + text.toString()).split('\n')
      rest = lines.pop() ?? ''
      const complaints = lines.filter((line) => COMPLAINT.test(line))
      this.#complaints = [...this.#complaints, ...complaints].slice(-MOST_COMPLAINTS)
      this.#warnings.push(...lines.filter((line) => ABOUT_OUTPUTS.test(line)))
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    const end = Date.now() + START_MS
    while (this.isRunning) {
      const signal = AbortSignal.timeout(ANSWER_MS)
      const answer = await fetch(`${this.url}/healthz`, { signal }).catch(() => undefined)
      if (answer?.ok === true) return true
      if (Date.now() > end) throw new Error(`the server does not answer:\n${this.log}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    if (fault === undefined) throw new Error(`the server ended at its start:\n${this.log}`)
    return false
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child === undefined || !this.isRunning) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await within(END_MS, `the end of the server after ${signal}`, ended)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
