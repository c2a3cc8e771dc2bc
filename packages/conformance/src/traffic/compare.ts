import { isJsonObject, type JsonValue } from '@roomserver/types'

/** Where two values differ: the path into them, and both sides. */
export interface Difference {
  readonly path: string
  readonly expected: JsonValue | undefined
  readonly got: JsonValue | undefined
}

/** Text in which objects with the same members are equal, whatever their order. */
export function stableText(value: JsonValue | undefined): string {
  if (Array.isArray(value)) return `[${value.map(stableText).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'undefined'
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${stableText(value[name])}`).join(',')}}`
}

/**
 * Compares an answer with the recorded one. Lists that are members of the answer itself (state, members, aliases,
 * rooms, events) are compared as bags unless `ordered`; everything deeper exactly.
 */
export function compareAnswers(expected: JsonValue, got: JsonValue, ordered: boolean): readonly Difference[] {
  if (!isJsonObject(expected) || !isJsonObject(got)) {
    return stableText(expected) === stableText(got) ? [] : [{ path: '', expected, got }]
  }
  const names = new Set([...Object.keys(expected), ...Object.keys(got)])
  return [...names].flatMap((name) => compareMember(name, expected[name], got[name], ordered))
}

function compareMember(
  path: string,
  expected: JsonValue | undefined,
  got: JsonValue | undefined,
  ordered: boolean,
): Difference[] {
  if (stableText(expected) === stableText(got)) return []
  if (ordered || !Array.isArray(expected) || !Array.isArray(got)) return [{ path, expected, got }]
  const { missing, extra } = bagDifference(expected, got)
  return missing.length + extra.length === 0 ? [] : [{ path, expected: missing, got: extra }]
}

function bagDifference(expected: readonly JsonValue[], got: readonly JsonValue[]) {
  const counts = new Map<string, number>()
  for (const item of got) counts.set(stableText(item), (counts.get(stableText(item)) ?? 0) + 1)
  const missing = expected.filter((item) => !take(counts, stableText(item)))
  const extra = got.filter((item) => take(counts, stableText(item)))
  return { missing, extra }
}

function take(counts: Map<string, number>, key: string): boolean {
  const left = counts.get(key) ?? 0
  if (left > 0) counts.set(key, left - 1)
  return left > 0
}
