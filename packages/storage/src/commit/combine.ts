import { CompiledQuery } from 'kysely'

/** Parts of a statement that have to change or find as many rows as expected. */
export interface Guard {
  /** Returns a row for every row that it changes, or locks. */
  readonly changing?: CompiledQuery
  /** Returns, as `n`, how many rows were as they should be before. */
  readonly found?: CompiledQuery
  readonly expected: number
}

/** Guards that have to hold together, under a name by which later parts make themselves conditional. */
export interface Stage {
  readonly name: string
  readonly guards: readonly Guard[]
}

/** Texts by the texts of their parts; there are few combinations. */
const combined = new Map<string, string>()
const MAX_COMBINED = 300

/** The condition under which a part does anything: that a stage was passed. */
export const ifPassed = (stage: string): string => `exists (select 1 from ${stage})`

/**
 * One statement of many, each a common table expression. It returns one row for what it did, or none where a guard of the
 * last stage did not hold: no error, which the database server would log with the whole statement.
 *
 * @param stages - each is passed only where the one before it is
 * @param others - parts that are conditional on the last stage
 */
export function combine(stages: readonly Stage[], others: readonly CompiledQuery[]): CompiledQuery {
  const guards = stages.flatMap((stage) => stage.guards)
  const parts = [...guards.flatMap(partsOf), ...others]
  const key = [stages.map(shapeOf).join('|'), ...parts.map((part) => part.sql)].join('\n')
  const text = combined.get(key) ?? combinedText(stages, others)
  if (combined.size < MAX_COMBINED) combined.set(key, text)
  const guarding = guards.flatMap((guard) => [...parametersOf(partsOf(guard)), guard.expected])
  return CompiledQuery.raw(text, [...guarding, ...parametersOf(others)])
}

const shapeOf = ({ guards }: Stage): string =>
  guards
    .map(({ changing, found }) => `${changing === undefined ? '' : 'c'}${found === undefined ? '' : 'f'}`)
    .join(' ')

function partsOf({ changing, found }: Guard): readonly CompiledQuery[] {
  return [changing, found].filter((part) => part !== undefined)
}

function parametersOf(parts: readonly CompiledQuery[]): readonly unknown[] {
  return parts.flatMap((part) => part.parameters)
}

function combinedText(stages: readonly Stage[], others: readonly CompiledQuery[]): string {
  const expressions = new Expressions()
  let passed: readonly string[] = []
  for (const { name, guards } of stages) {
    const conditions = guards.map(({ changing, found }) => {
      const changed = changing && `(select count(*) from ${expressions.add(changing)})`
      const before = found && `(select n from ${expressions.add(found)})`
      return `${changed ?? '0'} + ${before ?? '0'} = ${expressions.parameter()}`
    })
    expressions.addText(name, ['select 1 where true', ...passed, ...conditions].join(' and '))
    passed = [ifPassed(name)]
  }
  for (const other of others) expressions.add(other)
  return `with ${expressions.texts.join(',\n')}\nselect 1 as stored where ${passed.join(' and ') || 'true'}`
}

/** Common table expressions, with their parameters numbered one after another. */
class Expressions {
  readonly texts: string[] = []
  #parameters = 0

  /** Names the next parameter. */
  parameter(): string {
    return `$${++this.#parameters}`
  }

  /** @returns the name that the expression has */
  add(part: CompiledQuery): string {
    const before = this.#parameters
    const name = `part${this.texts.length}`
    this.addText(
      name,
      part.sql.replaceAll(/\$(\d+)/g, (_all, number: string) => `$${Number(number) + before}`),
    )
    this.#parameters += part.parameters.length
    return name
  }

  addText(name: string, text: string): void {
    this.texts.push(`${name} as (${text})`)
  }
}
