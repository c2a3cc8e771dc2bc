import { readdirSync, readFileSync } from 'node:fs'
import { RULES } from './src/rules/table.ts'

const SOURCES = new URL('src/', import.meta.url)

/**
 * The file in which each rule is checked, relative to `src`: the first one, outside the tables of `rules/` and checks before
 * others, with the key of the rule as a string. A step above others has the file that checks most of the next ones.
 */
export function ruleChecks(): ReadonlyMap<string, string> {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.startsWith('rules/'))
    .sort((a, b) => Number(b.includes('check-')) - Number(a.includes('check-')) || (a < b ? -1 : 1))
    .map((path) => ({ path, text: readFileSync(new URL(path, SOURCES), 'utf8') }))
  const keys = Object.keys(RULES)
  const own = new Map(
    keys.map((key) => [key, files.find(({ text }) => text.includes(`'${key}'`))?.path] as const),
  )
  return new Map(
    keys.flatMap((key): [string, string][] => {
      const below = keys.filter((other) => other.startsWith(`${key}/`))
      const next = below.filter((other) => !other.includes('/', key.length + 1))
      const path =
        below.length === 0
          ? own.get(key)
          : (mostFrequent(next.map((other) => own.get(other))) ??
            mostFrequent(below.map((other) => own.get(other))))
      return path === undefined ? [] : [[key, path]]
    }),
  )
}

function mostFrequent(paths: readonly (string | undefined)[]): string | undefined {
  const counts = Map.groupBy(
    paths.filter((path) => path !== undefined),
    (path) => path,
  )
  return [...counts].sort(([, a], [, b]) => b.length - a.length)[0]?.[0]
}
