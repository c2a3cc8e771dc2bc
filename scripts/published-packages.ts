import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The folder of the whole workspace. */
const ROOT = join(import.meta.dirname, '..')

/** A package that is published, with its manifest. */
export interface PublishedPackage {
  readonly name: string
  readonly version: string
  /** Relative to the root, such as `packages/state`. */
  readonly folder: string
  readonly manifest: Readonly<Record<string, unknown>>
}

/** The packages that are not private. */
export function publishedPackages(): readonly PublishedPackage[] {
  return ['packages', 'apps']
    .flatMap((parent) => readdirSync(join(ROOT, parent)).map((name) => `${parent}/${name}`))
    .filter((folder) => existsSync(join(ROOT, folder, 'package.json')))
    .map((folder) => {
      const manifest: unknown = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))
      return { folder, manifest: manifest as Readonly<Record<string, unknown>> }
    })
    .filter(({ manifest }) => manifest['private'] !== true)
    .map(({ folder, manifest }) => ({
      folder,
      manifest,
      name: String(manifest['name']),
      version: String(manifest['version']),
    }))
}
