import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatSigningKey, newSigningKey } from '@roomserver/engine'
import { expect, it } from 'vitest'
import { parseConfig } from './load.ts'
import { ownSection } from './own-section.ts'
import { SECRET_VARIABLES } from './secret-variables.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../../../docs/configuration.md'), 'utf8')

/** Dotted names of all leaves of a section, as parsed from nothing, and of those that have no default. */
function keysOf(value: object, prefix: string): readonly string[] {
  return Object.entries(value).flatMap(([key, member]) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? keysOf(member, `${prefix}.${key}`)
      : [`${prefix}.${key}`],
  )
}

it('documents every key of our own section, and no other', () => {
  const optional = ['token', 'unix_socket', 'input.left_rooms', 'output.replicas'].map(
    (key) => `roomserver.${key}`,
  )
  const known = [...keysOf(ownSection.parse({}), 'roomserver'), ...optional]
  const documented = [...PAGE.matchAll(/^\| `(roomserver\.[a-z_.]+)`/gm)].map(([, key]) => key)
  expect(new Set(documented)).toEqual(new Set(known))
})

it('documents every variable', () => {
  const documented = [...PAGE.matchAll(/^\| `(ROOMSERVER_[A-Z_]+)`/gm)].map(([, name]) => name)
  expect(documented).toEqual(Object.keys(SECRET_VARIABLES))
})

it('has an example that can be used as it is', () => {
  const key = join(mkdtempSync(join(tmpdir(), 'example-')), 'matrix_key.pem')
  writeFileSync(key, formatSigningKey(newSigningKey()))
  const example = /```yaml\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? ''
  expect(parseConfig(example.replace('matrix_key.pem', key), 'example.yaml', {})).toMatchObject({
    serverName: 'example.org',
    database: { kind: 'postgres' },
    output: { kind: 'jetstream' },
    components: { federation: 'http://127.0.0.1:7772' },
  })
})
