import { execFile } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const CACHE = join(import.meta.dirname, '../../.cache/runtimes')

/** Another runtime for JavaScript, and where its binary is in an npm package of its own; no script has to run for it. */
export interface Runtime {
  readonly name: string
  /** Set to the path of a binary, this one is taken. */
  readonly variable: string
  /** By `process.arch`. */
  readonly packages: Readonly<Record<string, string>>
  readonly version: string
  /** In the package. */
  readonly binary: string
  /** Before the program. */
  readonly options: readonly string[]
}

export const RUNTIMES: readonly Runtime[] = [
  {
    name: 'deno',
    variable: 'DENO_BIN',
    packages: { x64: '@deno/linux-x64-glibc', arm64: '@deno/linux-arm64-glibc' },
    version: '2.9.6',
    binary: 'deno',
    options: ['run', '--allow-all', '--conditions=@roomserver/source'],
  },
  {
    name: 'bun',
    variable: 'BUN_BIN',
    packages: { x64: '@oven/bun-linux-x64', arm64: '@oven/bun-linux-aarch64' },
    version: '1.4.5',
    binary: 'bin/bun',
    options: ['--conditions=@roomserver/source'],
  },
]

/**
 * The runtime's binary: named by its variable, on PATH, or installed from npm into this package's cache. A Node.js on PATH is of
 * some other version.
 */
export async function binaryOf(runtime: Runtime): Promise<string> {
  const folders = runtime.name === 'node' ? [] : (process.env['PATH'] ?? '').split(delimiter)
  const onPath = folders.map((folder) => join(folder, runtime.name))
  const found = [process.env[runtime.variable] ?? '', ...onPath].find((place) => existsSync(place))
  return found ?? install(runtime)
}

async function install({ binary, name, packages, variable, version }: Runtime): Promise<string> {
  const packageName = process.platform === 'linux' ? packages[process.arch] : undefined
  if (packageName === undefined) throw new Error(`there is no ${name} here: install it, or set ${variable}`)
  return await installed(join(CACHE, `${name}-${version}`), { name: packageName, version, file: binary })
}

/** The path of a file of a package from npm, which is installed into a folder of its own unless it is there. */
export async function installed(
  folder: string,
  { name, version, file }: { readonly name: string; readonly version: string; readonly file: string },
): Promise<string> {
  const path = join(folder, 'node_modules', name, file)
  if (existsSync(path)) return path
  mkdirSync(folder, { recursive: true })
  const what = [
    '--no-save',
    '--no-package-lock',
    '--ignore-scripts',
    '--prefix',
    folder,
    `${name}@${version}`,
  ]
  await run('npm', ['install', ...what], { cwd: folder })
  return path
}
