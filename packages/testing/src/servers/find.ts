import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

/** Where servers that were fetched are kept. As root it is a place that other users can enter, whom servers run as. */
export function cacheFolder(): string {
  const root = process.getuid?.() === 0
  const base = root ? '/var/cache' : (process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'))
  return process.env['TEST_SERVER_CACHE'] ?? join(base, 'roomserver-test-servers')
}

export async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The first of the files that can be run. */
export async function firstExecutable(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) if (await isExecutable(file)) return file
  return undefined
}

/** Where the shell would look for a program. */
export function onPath(program: string): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, program))
}

/** One way to fetch a program into an empty folder. */
export interface FetchWay {
  readonly name: string
  /** Puts the program into the folder. */
  run(folder: string): Promise<void>
  /** Where it lies then. */
  readonly program: string
}

/**
 * Tries ways to fetch a program until one gives it, into `cache/name`.
 *
 * @returns the path of the program
 * @throws {AggregateError} when none of the ways works, with what went wrong in each
 */
export async function fetchProgram(name: string, ways: readonly FetchWay[]): Promise<string> {
  const cache = cacheFolder()
  await mkdir(cache, { recursive: true, mode: 0o755 })
  const failures: Error[] = []
  for (const way of ways) {
    const target = join(cache, `${name}-${way.name}`)
    const program = join(target, way.program)
    if (await isExecutable(program)) return program
    try {
      await fetchInto(target, way)
      if (await isExecutable(program)) return program
      failures.push(new Error(`${way.name}: brought no ${way.program}`))
    } catch (error) {
      failures.push(new Error(`${way.name}: ${messageOf(error)}`, { cause: error }))
    }
  }
  throw new AggregateError(
    failures,
    `${name} was not found and could not be fetched: ${failures.map((failure) => failure.message).join('; ')}`,
  )
}

/** Fetches beside the target and moves the whole into place, so that an interrupted one leaves nothing half. */
async function fetchInto(target: string, way: FetchWay): Promise<void> {
  const folder = await mkdtemp(`${target}.`)
  try {
    await way.run(folder)
    await run('chmod', ['-R', 'a+rX', folder])
    await rm(target, { recursive: true, force: true })
    await rename(folder, target)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs a program to its end; its output is the message when it fails. */
export async function run(
  program: string,
  parameters: readonly string[],
  options: {
    readonly cwd?: string
    readonly env?: NodeJS.ProcessEnv
    readonly uid?: number
    readonly gid?: number
  } = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(program, parameters, {
    ...options,
    env: { ...process.env, ...options.env },
    timeout: 300_000,
    maxBuffer: 1 << 24,
  })
  return stdout
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.length > 400 ? `${text.slice(0, 400)} …` : text
}
