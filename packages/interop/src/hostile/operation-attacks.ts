import { type Endpoint, roomserverEndpoints, type Wire, wireOf } from '@roomserver/api'
import type { Attack, AttackGroup } from './attack.ts'
import { type Body, joined, repeated, sendAlone } from './send.ts'

/** The greatest body that is sent to any operation, enough for any number of entries; larger ones have attacks of their own. */
const GREATEST = 4 * 1024 * 1024

/** Room for what stands around a filler. */
const MARGIN = 1024

const endpoints: readonly (readonly [string, Endpoint])[] = Object.values(roomserverEndpoints).map(
  (endpoint) => [endpoint.path.slice(endpoint.path.lastIndexOf('/') + 1), endpoint as Endpoint],
)

/** A body of about so many bytes with something of a length in its middle. */
function filled(start: string, filler: string, end: string, bytes: number): Body {
  const count = Math.floor((bytes - start.length - end.length) / filler.length)
  return joined([start], repeated(filler, count), [end])
}

/** The members of an operation's requests. */
function membersOf({ request }: Endpoint): readonly (readonly [string, Wire])[] {
  const wire = wireOf(request)
  if (wire.kind !== 'struct') return []
  return Object.entries(wire.members).map(([name, schema]) => [name, wireOf(schema)])
}

/** What a member can be filled with, of any kind that it takes, as start, filler and end. */
function fillingsOf(name: string, wire: Wire): readonly (readonly [string, string, string])[] {
  return startsAndFillers(wire.kind).map(([start, filler, end]) => [`{"${name}":${start}`, filler, `${end}}`])
}

function startsAndFillers(kind: Wire['kind']): readonly (readonly [string, string, string])[] {
  if (kind === 'string') {
    return [
      ['"', String.raw`\u0041`, '"'],
      ['"', '\ud800', '"'],
      ['"', '!', ':a"'],
    ]
  }
  if (kind === 'int') return [['1', '0', '']]
  if (kind === 'list') {
    return [
      ['[', '"",', '""]'],
      ['[', '{},', '{}]'],
      ['[', '{"event_type":"*","state_key":"*"},', '{}]'],
      ['[', '"$a:a",', '""]'],
      ['["', '!', ':a"]'],
    ]
  }
  return [
    ['{"x":[', '[],', '[]]}'],
    ['{', String.raw`"\u0061":["a","b"],`, '"b":["c"]}'],
    ['{"x":1', '0', '}'],
  ]
}

type Bodies = (endpoint: Endpoint, bytes: number) => readonly Body[]

/** Bodies by what fills them, for whatever operation. */
const SHAPES: Readonly<Record<string, Bodies>> = {
  'each member filled': (endpoint, bytes) =>
    membersOf(endpoint).flatMap(([name, wire]) =>
      fillingsOf(name, wire).map(([start, filler, end]) => filled(start, filler, end, bytes)),
    ),
  'each member, again and again': (endpoint, bytes) =>
    membersOf(endpoint).map(([name]) => filled('{', `"${name}":null,`, `"${name}":null}`, bytes)),
  'unknown members with one name': (_endpoint, bytes) => [filled('{', '"a":1,', '"a":1}', bytes)],
  'unknown members with escapes': (_endpoint, bytes) => [
    filled('{', String.raw`"\u0061\ud83d\ude00\n":1,`, '"a":1}', bytes),
  ],
  'lists 9,000 deep, again and again': (_endpoint, bytes) => [
    filled('{', `"x":${'['.repeat(9_000)}${']'.repeat(9_000)},`, '"a":1}', bytes),
  ],
  'objects 9,000 deep, again and again': (_endpoint, bytes) => [
    filled('{', `"x":${'{"":'.repeat(9_000)}1${'}'.repeat(9_000)},`, '"a":1}', bytes),
  ],
  'a list that does not end': (_endpoint, bytes) => [filled('{"x":[', '1,', '', bytes)],
}

function shapeAttack(name: string, bodiesOf: Bodies): Attack {
  return {
    name: `all operations: ${name}`,
    run: async (url) => {
      const counts = new Map<string, number>()
      let slowest = { operation: '', ms: 0 }
      for (const [operation, endpoint] of endpoints) {
        const bytes = Math.min(endpoint.maxBodyBytes, GREATEST) - MARGIN
        for (const body of bodiesOf(endpoint, bytes)) {
          const since = performance.now()
          const status = (await sendAlone(url, operation, body)).slice(0, 3)
          const ms = performance.now() - since
          if (ms > slowest.ms) slowest = { operation, ms }
          counts.set(status, (counts.get(status) ?? 0) + 1)
        }
      }
      const answers = [...counts].map(([status, count]) => `${count} × ${status}`).join(', ')
      return `${answers}; slowest: ${slowest.operation}, ${Math.round(slowest.ms)} ms`
    },
  }
}

/** Every operation, with bodies just below its bound. */
export const operations: AttackGroup = {
  name: 'operations',
  attacks: Object.entries(SHAPES).map(([name, bodies]) => shapeAttack(name, bodies)),
}
