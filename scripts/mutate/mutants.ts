import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { Instrumenter } from '@stryker-mutator/instrumenter'

/** Texts are left alone: a log line or an error that is worded otherwise is no other behaviour. */
export const EXCLUDED_MUTATIONS = ['StringLiteral']

/** A small change to one place of the code. */
export interface Mutant {
  /** Path from the root of the workspace. */
  readonly file: string
  /** First line of the place, from 1, and where the place begins in it, from 1. */
  readonly line: number
  readonly column: number
  readonly mutator: string
  /** What stands there, and what stands there instead, on one line each. */
  readonly before: string
  readonly after: string
  /** Tells it from all others, in every run. */
  readonly key: string
}

/** What {@link keyOf} needs of a change. */
interface Placed {
  readonly mutatorName: string
  readonly replacement: string
  readonly location: { readonly start: Position; readonly end: Position }
}

interface Position {
  readonly line: number
  readonly column: number
}

/** Names a change by its place and what stands there then. */
export function keyOf(file: string, { mutatorName, replacement, location: { start, end } }: Placed): string {
  return [file, start.line, start.column, end.line, end.column, mutatorName, replacement].join(' ')
}

/** All changes to the sources of a folder, in no particular order. */
export async function listMutants(root: string, folder: string): Promise<readonly Mutant[]> {
  const files: string[] = []
  for await (const file of glob(`${folder}/**/*.ts`, { cwd: root }))
    if (!/(\.test|\.bench|\/index)\.ts$/.test(file)) files.push(file)
  const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]))
  const instrumented = await new Instrumenter(SILENT).instrument(
    [...sources].map(([name, content]) => ({ name, content, mutate: true })),
    { plugins: null, ignorers: [], excludedMutations: EXCLUDED_MUTATIONS },
  )
  return instrumented.mutants.flatMap((mutant) => {
    if (mutant.status !== undefined) return []
    return [
      {
        file: mutant.fileName,
        line: mutant.location.start.line + 1,
        column: mutant.location.start.column + 1,
        mutator: mutant.mutatorName,
        before: onOneLine(textAt(sources.get(mutant.fileName) ?? '', mutant)),
        after: onOneLine(mutant.replacement),
        key: keyOf(mutant.fileName, mutant),
      },
    ]
  })
}

function textAt(source: string, { location: { start, end } }: Pick<Placed, 'location'>): string {
  const lines = source.split('\n').slice(start.line, end.line + 1)
  const last = lines.length - 1
  lines[last] = (lines[last] ?? '').slice(0, end.column)
  return lines.join('\n').slice(start.column)
}

function onOneLine(code: string): string {
  const line = code.replace(/\s+/g, ' ').trim()
  return line.length > 160 ? `${line.slice(0, 160)} …` : line
}

/** Draws so many of the changes; which ones follows from the seed alone. */
export function sample(mutants: readonly Mutant[], size: number, seed: string): readonly Mutant[] {
  const drawn = mutants.map((mutant) => ({
    mutant,
    lot: createHash('sha256').update(`${seed} ${mutant.key}`).digest('hex'),
  }))
  return drawn
    .toSorted((one, other) => (one.lot < other.lot ? -1 : 1))
    .slice(0, size)
    .map(({ mutant }) => mutant)
}

const nothing = () => undefined
const never = () => false
const SILENT = {
  isTraceEnabled: never,
  isDebugEnabled: never,
  isInfoEnabled: never,
  isWarnEnabled: never,
  isErrorEnabled: never,
  isFatalEnabled: never,
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
}
