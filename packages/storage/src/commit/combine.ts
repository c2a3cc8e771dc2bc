import { CompiledQuery } from 'kysely'

/** Parts of a statement that have to change or find as many rows as expected, or the whole statement fails. */
export interface Guard {
  /** Returns a row for every row that it changes. */
  readonly changing?: CompiledQuery
  /** Returns, as `n`, how many rows were as they should be before. */
  readonly found?: CompiledQuery
  readonly expected: number
}

/** Texts by the texts of their parts; there are few combinations. */
const combined = new Map<string, string>()
const MAX_COMBINED = 300

/**
 * One statement of many: each is a common table expression, and all of them take place or none does.
 *
 * @param guards - parts on whose outcome the others depend; where one is missed, the statement fails
 */
export function combine(guards: readonly Guard[], others: readonly CompiledQuery[]): CompiledQuery {
  const key = [guards.map(shapeOf).join(''), ...partsOf(guards, others).map((part) => part.sql)].join('\n')
  const text = combined.get(key) ?? combinedText(guards, others)
  if (combined.size < MAX_COMBINED) combined.set(key, text)
  const parameters = partsOf(guards, others).flatMap((part) => part.parameters)
  return CompiledQuery.raw(text, [...parameters, ...guards.map((guard) => guard.expected)])
}

const shapeOf = ({ changing, found }: Guard): string =>
  `${changing === undefined ? '' : 'c'}${found === undefined ? '' : 'f'} `

function partsOf(guards: readonly Guard[], others: readonly CompiledQuery[]): readonly CompiledQuery[] {
  const guarding = guards.flatMap(({ changing, found }) => [changing, found])
  return [...guarding.filter((part) => part !== undefined), ...others]
}

function combinedText(guards: readonly Guard[], others: readonly CompiledQuery[]): string {
  let offset = 0
  const expressions = partsOf(guards, others).map((part, index) => {
    const text = part.sql.replaceAll(/\$(\d+)/g, (_all, number: string) => `$${Number(number) + offset}`)
    offset += part.parameters.length
    return `part${index} as (${text})`
  })
  let part = 0
  const conditions = guards.map(({ changing, found }, index) => {
    const changed = changing === undefined ? '0' : `(select count(*) from part${part++})`
    const before = found === undefined ? '0' : `(select n from part${part++})`
    return `${changed} + ${before} = $${offset + index + 1}`
  })
  const list = `with ${expressions.join(',\n')}\n`
  if (conditions.length === 0) return `${list}select 1 as stored`
  return `${list}select case when ${conditions.join(' and ')} then 1 else ${FAILURE} end as stored`
}

/** No number: taking it for one fails the statement, with a text that explains itself in the server's log. */
const FAILURE = `('roomserver decides again: ' || (select count(*) from part0))::int`
