import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ownSection } from './own-section.ts'
import { SECRET_VARIABLES } from './secrets.ts'

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
