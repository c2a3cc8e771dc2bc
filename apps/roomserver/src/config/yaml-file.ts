import { RoomserverError } from '@roomserver/types'
import {
  type Document,
  isMap,
  isPair,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  visit,
  type YAMLError,
  type YAMLMap,
  type YAMLWarning,
} from 'yaml'
import type { z } from 'zod'

/** A YAML text that remembers on which line each key stands. */
export interface YamlFile {
  readonly path: string
  readonly value: unknown
  /** The line of the key at a path, or of the nearest enclosing one. */
  lineOf(path: readonly PropertyKey[]): number
  /** Whether the key at a path stands in the file, with a value or without one. */
  has(path: readonly string[]): boolean
}

/** Parses YAML. @throws {RoomserverError} BAD_CONFIGURATION with the line of the mistake */
export function parseYaml(text: string, path: string): YamlFile {
  const lines = new LineCounter()
  // Go's YAML, with which the other components read the file, knows merge keys (`<<`).
  // The library compares each key with all before it, which takes seconds for some thousands: `unusableValue` does not.
  const options = { lineCounter: lines, prettyErrors: false, merge: true, uniqueKeys: false }
  const document = parseDocument(text, options)
  const mistake = document.errors[0] ?? document.warnings.find(({ code }) => code === 'TAG_RESOLVE_FAILED')
  if (mistake !== undefined) {
    const line = lines.linePos(mistake.pos[0]).line
    throw badConfiguration(path, '', line, `valid YAML: ${textOf(mistake)}`)
  }
  return {
    path,
    value: toPlain(document, path, lines),
    lineOf: (keys) => lines.linePos(keyOffset(document, keys)).line,
    has: (keys) => document.hasIn(keys),
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
function textOf({ code, message }: YAMLError | YAMLWarning): string {
  if (code === 'BAD_ALIAS') return UNKNOWN_ALIAS
  if (code === 'TAG_RESOLVE_FAILED') return UNKNOWN_TAG
  return message.includes('call stack') ? TOO_DEEP : message
}

const UNKNOWN_ALIAS = 'no anchor has the name of this alias; put a value that begins with * in quotes'

function toPlain(document: Document, path: string, lines: LineCounter): unknown {
  const unusable = unusableValue(document)
  if (unusable !== undefined) {
    const { line } = lines.linePos(unusable.node.range?.[0] ?? 0)
    throw badConfiguration(path, '', line, `valid YAML: ${unusable.reason}`)
  }
  try {
    return withoutNulls(document.toJS({ maxAliasCount: 100 }) ?? {})
  } catch (cause) {
    throw badConfiguration(path, '', 1, `valid YAML: ${reasonOf(cause)}`)
  }
}

/** What no value can be read from, though its form is YAML. Repeats nothing of the file: it may be a secret. */
interface Unusable {
  readonly node: Node
  readonly reason: string
}

function unusableValue(document: Document): Unusable | undefined {
  let found: Unusable | undefined
  const stop = (node: Node, reason: string) => {
    found = { node, reason }
    return visit.BREAK
  }
  visit(document, {
    Map: (_key, map) => {
      const twice = repeatedKey(map)
      return twice && stop(twice, REPEATED_KEY)
    },
    Alias: (_key, alias) => (alias.resolve(document) === undefined ? stop(alias, UNKNOWN_ALIAS) : undefined),
    Scalar: (_key, scalar) => (String(scalar.value).includes('\0') ? stop(scalar, NUL) : undefined),
  })
  return found
}

function repeatedKey({ items }: YAMLMap): Scalar | undefined {
  const seen = new Set<unknown>()
  return items
    .map(({ key }) => key)
    .filter((key) => isScalar(key))
    .find((key) => seen.size === seen.add(key.value).size)
}

const REPEATED_KEY = 'Map keys must be unique'

const TOO_DEEP = 'the sections are nested too deeply'

const UNKNOWN_TAG = 'tags such as !include or !env mean nothing here; write the value itself'

const NUL = 'a value with a NUL character (\\0) in it cannot be used'

function reasonOf(cause: unknown): string {
  // The parser and the conversion go as deep as the file does.
  if (cause instanceof RangeError) return TOO_DEEP
  return cause instanceof Error ? cause.message : 'unreadable'
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
