import { existsSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { dirname, join, resolve } from 'node:path'

const PACKAGE = fileURLToPath(new URL('..', import.meta.url))

/** The version in the package's manifest. */
export function programVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'))
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return isManifest ? String(manifest.version) : 'unknown'
}

/**
 * The commit that the program was made of: from the file `commit` beside the manifest, which an image has, or from the
 * checkout.
 *
 * @returns `unknown` where there is neither
 */
export function programCommit(folder = PACKAGE): string {
  return textOf(join(folder, 'commit')) ?? checkoutCommit(folder) ?? 'unknown'
}

function checkoutCommit(folder: string): string | undefined {
  const git = join(folder, '../../.git')
  if (!existsSync(git)) return undefined
  // In a work tree `.git` is a file that names the folder, which names the one with all branches.
  const own = statSync(git).isDirectory()
    ? git
    : resolve(dirname(git), textOf(git)?.replace(/^gitdir: /, '') ?? '')
  const common = resolve(own, textOf(join(own, 'commondir')) ?? '.')
  const head = textOf(join(own, 'HEAD'))
  const branch = /^ref: (.+)$/.exec(head ?? '')?.[1]
  if (branch === undefined) return head
  const packed = textOf(join(common, 'packed-refs')) ?? ''
  const line = packed.split('\n').find((one) => one.endsWith(` ${branch}`))
  return textOf(join(common, branch)) ?? line?.slice(0, line.indexOf(' '))
}

function textOf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}
