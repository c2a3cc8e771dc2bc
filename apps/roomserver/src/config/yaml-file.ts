import { RoomserverError } from '@roomserver/types'
import { type Document, isMap, isPair, isScalar, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'

/** A YAML text that remembers on which line each key stands. */
export interface YamlFile {
  readonly path: string
  readonly value: unknown
  /** The line of the key at a path, or of the nearest enclosing one. */
  lineOf(path: readonly PropertyKey[]): number
}

/** Parses YAML. @throws {RoomserverError} BAD_CONFIGURATION with the line of the mistake */
export function parseYaml(text: string, path: string): YamlFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const [mistake] = document.errors
  if (mistake !== undefined) {
    throw badConfiguration(path, '', lines.linePos(mistake.pos[0]).line, `valid YAML: ${mistake.message}`)
  }
  return {
    path,
    value: toPlain(document, path),
    lineOf: (keys) => lines.linePos(keyOffset(document, keys)).line,
  }
}

/**
 * Checks a part of a file.
 *
 * @param at - where in the file the part stands, for the error
 * @throws {RoomserverError} BAD_CONFIGURATION naming key, line and what was expected, for the first mistake
 */
export function checkPart<Schema extends z.ZodType>(
  file: YamlFile,
  at: readonly string[],
  value: unknown,
  schema: Schema,
): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const unknownKey = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const path = [...at, ...(issue?.path ?? []), ...unknownKey]
  const found = unknownKey.length > 0 ? 'unknown key; ' : ''
  throw badConfiguration(file.path, path.join('.'), file.lineOf(path), issue?.message ?? '', found)
}

/** The failure for a mistake in a file; `found` says what is wrong where that is not plain. */
export function badConfiguration(
  path: string,
  key: string,
  line: number,
  expected: string,
  found = '',
): RoomserverError {
  const where = key === '' ? `${path}:${line}` : `${path}:${line}: ${key}`
  return new RoomserverError(
    'BAD_CONFIGURATION',
    { key, line, expected },
    `${where}: ${found}expected ${expected}`,
  )
}

/** Go's YAML reads `key:` without a value as if the key was not there. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([, member]) => member !== null)
  return Object.fromEntries(members.map(([key, member]) => [key, withoutNulls(member)]))
}

function toPlain(document: Document, path: string): unknown {
  try {
    return withoutNulls(document.toJS({ maxAliasCount: 100 }) ?? {})
  } catch (cause) {
    throw badConfiguration(
      path,
      '',
      1,
      `valid YAML: ${cause instanceof Error ? cause.message : 'unreadable'}`,
    )
  }
}

/** Walks down as far as the keys lead; what is missing is reported at the last one that is there. */
function keyOffset(document: Document, keys: readonly PropertyKey[]): number {
  let node: unknown = document.contents
  let offset = 0
  for (const key of keys) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key)
      if (pair === undefined) break
      offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset
      node = pair.value
    } else {
      const item = document.getIn(keys.slice(0, keys.indexOf(key) + 1), true)
      if (!isMap(item) && !isScalar(item)) break
      offset = item.range?.[0] ?? offset
      node = item
    }
  }
  return offset
}
