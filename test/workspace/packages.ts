import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** The folder of the whole workspace. */
export const ROOT = join(import.meta.dirname, '../..')

/** A condition, a path, or a tree of them, as in `exports` and `imports` of a package.json. */
export type Target = string | { readonly [condition: string]: Target }

export interface Manifest {
  readonly name: string
  readonly description?: string
  readonly license?: string
  readonly scripts?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, Target>>
  readonly imports?: Readonly<Record<string, Target>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

export interface WorkspacePackage {
  /** Relative to the root, such as `packages/state`. */
  readonly folder: string
  readonly manifest: Manifest
}

/** Every package and app of the workspace. */
export function workspacePackages(): readonly WorkspacePackage[] {
  return ['packages', 'apps'].flatMap((parent) =>
    readdirSync(join(ROOT, parent), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => ({
        folder: `${parent}/${name}`,
        manifest: JSON.parse(readFileSync(join(ROOT, parent, name, 'package.json'), 'utf8')) as Manifest,
      })),
  )
}

const SKIPPED = new Set(['node_modules', 'dist', '.turbo', '.cache', 'coverage', '.git', 'data'])

/** Files below a folder whose names end in one of `endings`, relative to the root. */
export function filesBelow(folder: string, endings: readonly string[]): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = relative('.', join(folder, entry.name))
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesBelow(path, endings)
    return endings.some((ending) => entry.name.endsWith(ending)) ? [path] : []
  })
}

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

const IMPORT =
  /(?:^|[\n;])\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g

/** What a source file imports. Comments are left out: they hold examples. */
export function importsOf(path: string): readonly string[] {
  const code = readText(path)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
  return [...code.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? '')
}
