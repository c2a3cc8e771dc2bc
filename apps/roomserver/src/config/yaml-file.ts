import { RoomserverError } from '@roomserver/types'
import {
  type Alias,
  type Document,
  isMap,
  isPair,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml'
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
    const line = lines.linePos(mistake.pos[0]).line
    throw badConfiguration(path, '', line, `valid YAML: ${textOf(mistake)}`)
  }
  return {
    path,
    value: toPlain(document, path, lines),
    lineOf: (keys) => lines.linePos(keyOffset(document, keys)).line,
  }
}

/**
 * Checks a part of a file.
 *
 * @param at - where in the file the part stands, for the error
 * @throws {RoomserverError} BAD_CONFIGURATION naming key, line and what was expected, for one mistake
 */
export function checkPart<Schema extends z.ZodType>(
  file: YamlFile,
  at: readonly string[],
  value: unknown,
  schema: Schema,
): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  // A key that is missing may be one that is misspelt.
  const { issues } = result.error
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]
  const unknownKey = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const path = [...at, ...(issue?.path ?? []), ...unknownKey]
  const found = unknownKey.length > 0 ? 'unknown key; ' : ''
  throw badConfiguration(file.path, path.join('.'), file.lineOf(path), issue?.message ?? '', found)
}

/** The error for a mistake in a file; `found` describes it if it is not obvious. */
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

/**
 * Go's YAML reads `key:` without a value as if the key was not there.
 *
 * @param above - the values that this one is in
 */
function withoutNulls(value: unknown, above: readonly object[] = []): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (above.includes(value)) throw new Error('an alias stands inside what it repeats')
  const path = [...above, value]
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, path))
  const members = Object.entries(value).filter(([, member]) => member !== null)
  return Object.fromEntries(members.map(([key, member]) => [key, withoutNulls(member, path)]))
}

/** What is wrong, in words that repeat nothing of the file: it may be a secret. */
function textOf({ code, message }: YAMLError): string {
  return code === 'BAD_ALIAS' ? UNKNOWN_ALIAS : message
}

const UNKNOWN_ALIAS = 'no anchor has the name of this alias; put a value that begins with * in quotes'

function toPlain(document: Document, path: string, lines: LineCounter): unknown {
  const unknown = unknownAlias(document)
  if (unknown !== undefined) {
    const { line } = lines.linePos(unknown.range?.[0] ?? 0)
    throw badConfiguration(path, '', line, `valid YAML: ${UNKNOWN_ALIAS}`)
  }
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

function unknownAlias(document: Document): Alias | undefined {
  let unknown: Alias | undefined
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document) !== undefined) return undefined
      unknown = alias
      return visit.BREAK
    },
  })
  return unknown
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
