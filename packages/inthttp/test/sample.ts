import { wireOf } from '@roomserver/api'

type Schema = Parameters<typeof wireOf>[0]

const SAMPLE_EVENT = { roomVersion: '10', eventId: '$e', json: '{"depth":1.0,"type":"m.room.\u00e9"}' }

/** A value of a schema in which nothing is zero. */
export function sampleOf(schema: Schema): unknown {
  const wire = wireOf(schema)
  switch (wire.kind) {
    case 'string':
      return 'a "\u00e9\n\u{1f600}'
    case 'bool':
      return true
    case 'int':
      return 9_007_199_254_740_991
    case 'list':
      return [sampleOf(wire.of), sampleOf(wire.of)]
    case 'map':
      return new Map([
        ['__proto__', sampleOf(wire.of)],
        ['b', sampleOf(wire.of)],
      ])
    case 'struct':
      return Object.fromEntries(
        Object.entries(wire.members).map(([name, member]) => [name, sampleOf(member)]),
      )
    case 'pointer':
      return sampleOf(wire.of)
    case 'event':
      return SAMPLE_EVENT
    case 'event-reference':
      return { eventId: '$e', sha256: 'abc' }
    case 'value':
      return { errcode: 'M_FORBIDDEN', list: [1, null] }
    case 'object':
      return { displayname: 'x', nested: { list: [true] } }
    case 'text':
      return '{"kept":1.0}'
    case 'flat': {
      const entry = Object.fromEntries(wire.keys.map((key) => [key, `${key} of it`]))
      return { [wire.member]: [{ ...entry, [wire.valueName]: sampleOf(wire.value) }] }
    }
  }
}
