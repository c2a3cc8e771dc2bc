import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { exportedNames } from './exported-names.ts'
import { filesBelow, ROOT, readText, workspacePackages } from './packages.ts'

const INDEXES = workspacePackages()
  .map(({ folder }) => join(folder, 'src/index.ts'))
  .filter((index) => existsSync(join(ROOT, index)) && !index.startsWith('apps/'))

describe.each(INDEXES)('%s', (index) => {
  it('exports names whose declarations are found', () => {
    const lost = exportedNames(index).filter(({ before }) => before === undefined)
    expect(lost.map(({ name }) => name)).toEqual([])
  })

  it('exports no name without a doc comment', () => {
    const bare = exportedNames(index).filter(({ before = '' }) => !/\*\/\s*$/.test(before))
    expect(bare.map(({ name, path }) => `${path}: ${name}`)).toEqual([])
  })
})

/** What people begin with; the reference shows each of them in use. */
const MAIN: Readonly<Record<string, readonly string[]>> = {
  types: ['isFailure', 'parseServerName'],
  version: ['requireRoomVersion', 'roomVersionOf', 'derive', 'defineRoomVersion'],
  events: [
    'parsePdu',
    'eventIdOf',
    'redactEvent',
    'canonicalJson',
    'verifySignatures',
    'createKeyFinder',
    'readServerKeys',
    'buildEvent',
    'signEvent',
    'signJson',
    'pduFromClientEvent',
    'redactClientEvent',
  ],
  auth: [
    'checkAuth',
    'authStateOf',
    'permissionsOf',
    'checkPlanned',
    'powersOf',
    'explainAuth',
    'readStateAnswer',
    'readJoinAnswer',
    'mayUserSee',
    'describeRule',
  ],
  acls: ['compileServerAcl', 'aclVerdict', 'wouldBan', 'globMatches'],
  state: ['resolveState', 'resolveStateAsync', 'stateMapOf', 'authStateFrom', 'traceText'],
  api: ['filled', 'openApiDocument'],
  inspect: ['openEvents'],
  inthttp: ['serveRoomserver', 'createRoomserverClient', 'followOutputs'],
  storage: ['openStorage', 'runAsLeader'],
  'storage-contract': ['storageContract'],
  producers: ['openEmbeddedLog', 'consumeOutputs'],
  core: ['createInput'],
  engine: ['openEngine'],
}

it.each(Object.entries(MAIN))('shows the main functions of %s in use', (name, functions) => {
  const shown = exportedNames(`packages/${name}/src/index.ts`).filter(({ before = '' }) =>
    before.slice(before.lastIndexOf('/**')).includes('@example'),
  )
  expect(functions.filter((one) => !shown.some(({ name: exported }) => exported === one))).toEqual([])
})

it('gives parameters lines of their own in doc comments', () => {
  const found = ['packages', 'apps'].flatMap((folder) =>
    filesBelow(folder, ['.ts']).flatMap((path) =>
      readText(path)
        .split('\n')
        .flatMap((line, at) =>
          /\/\*\* .*\S @(?:param|returns)\b.*\*\//.test(line) ? [`${path}:${at + 1}`] : [],
        ),
    ),
  )
  expect(found).toEqual([])
})
