import { execFile } from 'node:child_process'
import { access, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The reference's programs, built. */
export interface Components {
  readonly polylith: string
  readonly generateKeys: string
}

/** Where the reference's programs come from. */
export interface ComponentSource {
  /** A folder with Dendrite's source, or a `.tar.gz` of one. */
  readonly from: string
  /** The folder in which built programs are kept. */
  readonly cache: string
}

/** Why the components cannot be had here; the run is skipped with this sentence. */
export class ComponentsMissing extends Error {}

/**
 * Builds Dendrite's components with Go, once per cache folder.
 *
 * @throws {ComponentsMissing} when there is no source or no Go
 */
export async function buildComponents({ from: source, cache }: ComponentSource): Promise<Components> {
  const bin = join(cache, 'bin')
  const components = {
    polylith: join(bin, 'dendrite-polylith-multi'),
    generateKeys: join(bin, 'generate-keys'),
  }
  if (await exists(components.polylith)) return components
  const go = await findGo()
  if (!(await exists(source))) throw new ComponentsMissing(`no source of the components at ${source}`)
  const folder = (await stat(source)).isDirectory() ? source : await unpack(source, join(cache, 'src'))
  await mkdir(bin, { recursive: true })
  const env = { ...process.env, GOFLAGS: '-buildvcs=false -mod=mod', GOWORK: 'off', CGO_ENABLED: '0' }
  for (const target of [components.generateKeys, components.polylith]) {
    const name = target.slice(bin.length + 1)
    console.log(`building ${name}`)
    await run(go, ['build', '-trimpath', '-o', target, `./cmd/${name}`], {
      cwd: folder,
      env,
      maxBuffer: 1 << 26,
    })
  }
  return components
}

async function findGo(): Promise<string> {
  for (const go of ['go', '/usr/local/go/bin/go']) {
    const works = await run(go, ['version']).then(
      () => true,
      () => false,
    )
    if (works) return go
  }
  throw new ComponentsMissing('no Go on this machine')
}

async function unpack(archive: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  await run('tar', ['-xzf', archive, '-C', folder, '--strip-components=1'])
  return folder
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
