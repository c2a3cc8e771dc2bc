import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type PublishedPackage, publishedPackages } from '../../scripts/published-packages.ts'

const ROOT = join(import.meta.dirname, '../..')

/**
 * A folder whose `node_modules` has the published packages from their tarballs, and beside them what they depend on: as after
 * `npm install`, without asking a registry.
 */
export function makeConsumer(): string {
  const folder = mkdtempSync(join(tmpdir(), 'consumer-'))
  const packages = publishedPackages()
  for (const each of packages) unpack(each, join(folder, 'node_modules', each.name))
  const own = new Set(packages.map(({ name }) => name))
  for (const { folder: source, manifest } of packages)
    for (const name of dependenciesOf(manifest)) if (!own.has(name)) link(name, join(ROOT, source), folder)
  link('@types/node', ROOT, folder)
  return folder
}

function dependenciesOf(manifest: PublishedPackage['manifest']): readonly string[] {
  const { dependencies, peerDependencies } = manifest as Readonly<
    Record<string, Readonly<Record<string, string>>>
  >
  return Object.keys({ ...dependencies, ...peerDependencies })
}

function unpack({ folder, name }: PublishedPackage, target: string): void {
  const packed = mkdtempSync(join(tmpdir(), `packed-${name.replaceAll(/\W/g, '-')}-`))
  execFileSync('npx', ['-y', packageManager(), 'pack', '--pack-destination', packed], {
    cwd: join(ROOT, folder),
    stdio: 'pipe',
  })
  const [tarball = ''] = readdirSync(packed)
  mkdirSync(target, { recursive: true })
  execFileSync('tar', ['-xzf', join(packed, tarball), '--strip-components=1', '-C', target])
}

/** A dependency from outside, where pnpm has put it for the package that needs it; what that needs lies beside it there. */
function link(name: string, from: string, folder: string): void {
  const target = join(folder, 'node_modules', name)
  if (existsSync(target)) return
  mkdirSync(dirname(target), { recursive: true })
  symlinkSync(realpathSync(join(from, 'node_modules', name)), target)
}

function packageManager(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  return String((manifest as Readonly<Record<string, unknown>>)['packageManager'])
}
