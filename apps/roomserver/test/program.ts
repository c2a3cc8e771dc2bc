import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endWithUs, PROGRAM } from '@roomserver/testing'
import { formatSigningKey } from '@roomserver/engine'

/** A folder for one test. */
export function folder(): string {
  return mkdtempSync(join(tmpdir(), 'roomserver-test-'))
}

interface Sections {
  readonly global?: object
  readonly room_server?: object
  readonly roomserver?: object
  readonly [section: string]: unknown
}

/**
 * Writes a configuration file for one test, and the signing key that it names. The server is called `localhost` and
 * listens on a free port; unless the test asks for that, it does not warm up before, which takes seconds.
 *
 * @param sections - what the file says beside that; JSON is YAML
 * @returns where the file is
 */
export function configFile(
  files: string,
  { global, room_server, roomserver, ...sections }: Sections,
): string {
  const key = join(files, 'key.pem')
  const file = join(files, 'dendrite.yaml')
  const whole = {
    version: 2,
    global: { server_name: 'localhost', private_key: key, ...global },
    room_server: { internal_api: { listen: 'http://127.0.0.1:0' }, ...room_server },
    roomserver: { warm_up: '0s', ...roomserver },
    ...sections,
  }
  writeFileSync(key, formatSigningKey({ keyId: 'ed25519:auto', seed: new Uint8Array(32).fill(1) }))
  writeFileSync(file, JSON.stringify(whole, null, 2))
  return file
}

/** The program as an operator runs it, from its sources. */
export class Program implements AsyncDisposable {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly #closed: Promise<void>

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const env = { ...process.env, ...environment }
    this.child = spawn(process.execPath, [...PROGRAM, ...args], {
      cwd: folder(),
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    endWithUs(this.child, 'SIGKILL')
    this.#closed = new Promise((resolve) => this.child.once('close', () => resolve()))
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
  }

  /** Starts `serve` on a free port and waits until it listens. */
  static async serving(
    args: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ): Promise<Program> {
    const program = new Program(['serve', ...args], environment)
    // However long that takes on a busy machine: the test has a limit of its own.
    while (program.url === '') {
      if (program.hasEnded) throw new Error(`does not serve: ${program.stdout}${program.stderr}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return program
  }

  /** Where it listens, once it does. */
  get url(): string {
    const line = this.log.find(({ msg }) => msg === 'listening')
    return typeof line?.url === 'string' ? line.url : ''
  }

  /** The log so far, line by line. */
  get log(): readonly { readonly msg?: string; readonly url?: string }[] {
    const whole = this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1)
    return whole
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { msg?: string; url?: string })
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  /** Waits for the end, with all that was printed, and gives the exit status. */
  async ended(): Promise<number | null> {
    await this.#closed
    return this.child.exitCode
  }

  /** Sends a signal and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal)
    return this.ended()
  }

  async post(operation: string, body: unknown): Promise<unknown> {
    const response = await fetch(`${this.url}/api/roomserver/${operation}`, {
      method: 'POST',
      body: JSON.stringify(body),
    })
    return response.json()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
  }
}

/** Runs a command of the program to its end. */
export async function run(...args: readonly string[]) {
  await using program = new Program(args)
  return { status: await program.ended(), text: program.stdout, errors: program.stderr }
}
