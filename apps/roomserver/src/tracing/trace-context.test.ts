import { describe, expect, it } from 'vitest'
import { formatTraceparent, newContext, parseTraceparent, samplerOf } from './trace-context.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

describe('traceparent', () => {
  it('comes out as it went in', () => {
    for (const header of [`00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-00`]) {
      const context = parseTraceparent(header)
      expect(context && formatTraceparent(context)).toBe(header)
    }
  })

  it.each([
    ['none', undefined],
    ['nothing', ''],
    ['a version that must not be', `ff-${TRACE}-${SPAN}-01`],
    ['no trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['no span', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['more than its version has', `00-${TRACE}-${SPAN}-01-x`],
    ['too little', `00-${TRACE}-${SPAN}`],
  ])('is passed over with %s', (_why, header) => {
    expect(parseTraceparent(header)).toBeUndefined()
  })

  it('of a later version may say more', () => {
    expect(parseTraceparent(`01-${TRACE}-${SPAN}-01-more`)).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      isSampled: true,
    })
  })
})

describe('samplers', () => {
  const share = (name: string, argument: string, parent?: boolean) => {
    const sample = samplerOf(name, argument)
    if (sample === undefined) return undefined
    const above = parent === undefined ? undefined : { traceId: TRACE, spanId: SPAN, isSampled: parent }
    const kept = Array.from({ length: 4_000 }, () => newContext(above, sample).isSampled).filter(Boolean)
    return kept.length / 4_000
  }

  it.each([
    ['always_on', '', undefined, 1],
    ['always_off', '', undefined, 0],
    ['always_on', '', false, 1],
    ['parentbased_always_on', '', undefined, 1],
    ['parentbased_always_on', '', false, 0],
    ['parentbased_always_off', '', true, 1],
    ['traceidratio', '0', undefined, 0],
    ['traceidratio', '', undefined, 1],
    ['traceidratio', 'x', undefined, 1],
    ['jaeger_remote', '', undefined, undefined],
  ])('%s %s below %s', (name, argument, parent, expected) => {
    expect(share(name, argument, parent)).toBe(expected)
  })

  it('keep about the share that was asked for, the same traces everywhere', () => {
    expect(share('traceidratio', '0.25')).toBeGreaterThan(0.2)
    expect(share('traceidratio', '0.25')).toBeLessThan(0.3)
    const sample = samplerOf('traceidratio', '0.5')
    const { traceId } = newContext(undefined, () => true)
    expect(new Set(Array.from({ length: 10 }, () => sample?.(traceId, undefined))).size).toBe(1)
  })
})
