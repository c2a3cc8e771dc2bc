import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesBelow, importsOf, type Manifest, readText, type Target, workspacePackages } from './packages.ts'

/**
 * Who may import whom, from docs/ARCHITECTURE.md: the layers right below, and with them everything that those may
 * import; then what comes from outside. A package that is not listed fails.
 */
const LAYERS: Readonly<
  Record<string, { readonly below: readonly string[]; readonly outside?: readonly string[] }>
> = {
  types: { below: [] },
  version: { below: ['types'] },
  events: { below: ['version'], outside: ['@noble/hashes'] },
  auth: { below: ['events'], outside: ['@noble/ed25519', '@noble/hashes'] },
  acls: { below: ['types'] },
  state: { below: ['auth'], outside: ['@noble/hashes'] },
  api: { below: ['types'], outside: ['zod'] },
  inspect: { below: ['state', 'api'] },
  'storage-contract': { below: ['types'], outside: ['vitest'] },
  storage: { below: ['events'], outside: ['kysely', 'pg'] },
  producers: {
    below: ['api'],
    outside: ['@nats-io/jetstream', '@nats-io/nats-core', '@nats-io/transport-node'],
  },
  inthttp: { below: ['api'], outside: ['fastify', 'ws'] },
  core: { below: ['inspect', 'acls'], outside: ['zod'] },
  engine: { below: ['core', 'storage', 'producers'] },
  testing: { below: ['auth'], outside: ['*'] },
  simulation: { below: ['engine', 'inthttp', 'testing'], outside: ['*'] },
  interop: { below: ['core', 'storage', 'inthttp', 'producers', 'testing'], outside: ['*'] },
  conformance: { below: ['simulation'], outside: ['*'] },
  inspector: { below: ['inspect'], outside: ['preact'] },
  app: { below: ['engine', 'inthttp', 'inspector'], outside: ['*'] },
}

/**
 * The folders of `core` from the bottom up: each may import those before it, types included. Files beside the folders put
 * them together, but for the ports at the very bottom. What a folder needs of a higher one it declares as a port.
 */
const CORE_FOLDERS = [
  'graph',
  'view',
  'output',
  'evaluate',
  'decide',
  'reevaluate',
  'input',
  'missing-events',
  'operator-repair',
  'audit',
  'query',
  'inspect',
  'perform',
]

/** Run in browsers, Deno and Bun too. */
const PORTABLE = ['types', 'version', 'events', 'auth', 'acls', 'state', 'inspect']

/** Of all packages only tests may import these. */
const FOR_TESTS = ['@roomserver/testing', '@roomserver/storage-contract', 'vitest', 'fast-check']

/** All of these is for tests. */
const MADE_FOR_TESTS = ['testing', 'conformance', 'simulation', 'interop']

const shortName = (name: string) => name.replace('@roomserver/', '')

function reachable(name: string): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (layer: string) => {
    for (const below of LAYERS[layer]?.below ?? []) {
      found.add(below)
      visit(below)
    }
  }
  visit(name)
  return found
}

const isTestFile = (path: string) => /\.(test|bench)\.ts$|\/(test|bench)\/|\/[^/]+\.config\.ts$/.test(path)
const packageOf = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

const PACKAGES = workspacePackages()

it.each(PACKAGES)('$folder has a place among the layers', ({ manifest }) => {
  expect(Object.keys(LAYERS)).toContain(shortName(manifest.name))
})

it.each(PACKAGES)('$folder depends only on what its layer may', ({ manifest }) => {
  const name = shortName(manifest.name)
  const below = reachable(name)
  const outside = LAYERS[name]?.outside ?? []
  const wrong = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).filter(
    (dependency) =>
      dependency.startsWith('@roomserver/')
        ? !below.has(shortName(dependency))
        : !outside.includes('*') && !outside.includes(dependency),
  )
  expect(wrong).toEqual([])
})

it.each(PACKAGES)('$folder imports only what it declares', ({ folder, manifest }) => {
  const wrong = filesBelow(folder, ['.ts', '.tsx']).flatMap((path) =>
    importsOf(path).flatMap((specifier) => {
      const problem = problemWith(specifier, path, folder, manifest)
      return problem === undefined ? [] : [`${path}: '${specifier}' ${problem}`]
    }),
  )
  expect(wrong).toEqual([])
})

function problemWith(
  specifier: string,
  path: string,
  folder: string,
  manifest: Manifest,
): string | undefined {
  if (specifier.startsWith('.')) return relativeProblem(specifier, path, folder)
  if (specifier.startsWith('#'))
    return specifier in (manifest.imports ?? {}) ? undefined : 'is not in imports'
  if (specifier.startsWith('node:')) return nodeProblem(path, manifest)
  const name = packageOf(specifier)
  if (name.startsWith('@roomserver/')) {
    const other = PACKAGES.find((candidate) => candidate.manifest.name === name)
    const entry = `.${specifier.slice(name.length)}`
    if (!(entry in (other?.manifest.exports ?? {}))) return 'is not an entry of that package'
    if (name === manifest.name && !isTestFile(path)) return 'is the package itself'
  }
  if (name === manifest.name || name in { ...manifest.dependencies, ...manifest.peerDependencies })
    return undefined
  if (!isTestFile(path) && !MADE_FOR_TESTS.includes(shortName(manifest.name)))
    return FOR_TESTS.includes(name) ? 'is for tests' : 'is not in dependencies'
  return name in (manifest.devDependencies ?? {}) ? undefined : 'is in no dependencies'
}

function relativeProblem(specifier: string, path: string, folder: string): string | undefined {
  const target = normalize(join(dirname(path), specifier))
  if (!target.startsWith(`${folder}/`)) {
    const isSharedConfig = path === `${folder}/vitest.config.ts` && target === 'vitest.shared.ts'
    return isSharedConfig ? undefined : 'leaves the package'
  }
  if (!/\.(ts|tsx|json|css)$/.test(specifier)) return 'lacks its ending'
  const isSibling =
    target === `${folder}/src/index.ts` && path.startsWith(`${folder}/src/`) && !isTestFile(path)
  return isSibling ? 'is for other packages; import the file itself' : undefined
}

/** A portable package may use Node only in a file that `imports` offers to Node alone, beside one for everybody. */
function nodeProblem(path: string, manifest: Manifest): string | undefined {
  if (!PORTABLE.includes(shortName(manifest.name)) || isTestFile(path) || !path.includes('/src/'))
    return undefined
  const nodeFiles = Object.values(manifest.imports ?? {}).flatMap((target) => underCondition(target, 'node'))
  return nodeFiles.some((file) => path.endsWith(file.replace(/^\./, ''))) ? undefined : 'runs in Node only'
}

function underCondition(target: Target, condition: string, isUnder = false): readonly string[] {
  if (typeof target === 'string') return isUnder ? [target] : []
  return Object.entries(target).flatMap(([key, value]) =>
    underCondition(value, condition, isUnder || key === condition),
  )
}

/** What of `@roomserver/auth` says whether an event is allowed, and the folders of `core` that may ask. */
const RULES = /import \{[^}]*\bcheck(?:Auth|AuthEvents|EventGraph)\b[^}]*\} from '@roomserver\/auth'/
/** Events of a room are evaluated in one place; what `perform` asks about is not an event yet. */
const ASK_THE_RULES = ['evaluate', 'perform']

describe('the folders of core', () => {
  const src = 'packages/core/src/'
  const heightOf = (path: string): number => {
    const [folder = '', ...rest] = path.slice(src.length).split('/')
    if (path === `${src}ports.ts`) return -1
    return rest.length === 0 ? CORE_FOLDERS.length : CORE_FOLDERS.indexOf(folder)
  }
  const files = filesBelow('packages/core/src', ['.ts']).filter((path) => !isTestFile(path))

  it('all have a place', () => {
    const folders = new Set(files.map((path) => path.slice(src.length).split('/')))
    const found = new Set([...folders].filter(({ length }) => length > 1).map(([folder]) => folder))
    expect(found).toEqual(new Set(CORE_FOLDERS))
  })

  it('leave the rules to one of them', () => {
    const asking = files.filter((path) => RULES.test(readText(path)))
    expect(new Set(asking.map((path) => path.slice(src.length).split('/')[0]))).toEqual(
      new Set(ASK_THE_RULES),
    )
  })

  it('import only what is below them, types included', () => {
    const wrong = files.flatMap((path) =>
      importsOf(path)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => normalize(join(dirname(path), specifier)))
        .filter((target) => heightOf(target) > heightOf(path))
        .map((target) => `${path} imports ${target}`),
    )
    expect(wrong).toEqual([])
  })
})

it('knows an import when it sees one', () => {
  const found = importsOf('test/workspace/layers.test.ts')
  expect(found).toEqual(['node:path', 'vitest', './packages.ts'])
})
