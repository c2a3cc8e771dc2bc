import { isFailure } from '@roomserver/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from './canonical-json.ts'
import { canonicalizeJson } from './canonicalize.ts'

describe('canonicalJson', () => {
  it.each([
    [{ one: 1, two: 'Two' }, '{"one":1,"two":"Two"}'],
    [{ b: '2', a: '1', nothing: undefined }, '{"a":"1","b":"2"}'],
    [{ '\ufffd': 2, 𐀀: 1, '9': 0, '10': 0 }, '{"10":0,"9":0,"\ufffd":2,"𐀀":1}'],
    [[null, true, [], {}, -5, 'é\n'], '[null,true,[],{},-5,"é\\n"]'],
    [JSON.parse('{"b":1,"__proto__":{"x":2}}'), '{"__proto__":{"x":2},"b":1}'],
  ])('%j', (value, text) => expect(canonicalJson(value)).toBe(text))

  it.each([
    1.5,
    2 ** 53,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    10n,
    '\ud800',
    undefined,
    Symbol.iterator,
  ])('fails with a code for %s', (value) => expect(failureOf(() => canonicalJson({ a: [value] }))).toBe(true))

  it('writes other numbers leniently as JavaScript does', () => {
    expect(canonicalJson({ a: 1.5, b: -0, c: 2 ** 53 }, 'lenient')).toBe(
      '{"a":1.5,"b":0,"c":9007199254740992}',
    )
  })

  it('fails with a code for what nests too deep or in itself', () => {
    const loop: unknown[] = []
    loop.push(loop)
    expect(failureOf(() => canonicalJson(loop))).toBe(true)
  })

  it('writes any JSON value as the canonical form of its text', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = canonicalizeJson(JSON.stringify(value), 'lenient')
        fc.pre(text.ok)
        expect(canonicalJson(value, 'lenient')).toBe(text.text)
      }),
    )
  })
})

function failureOf(run: () => unknown): boolean {
  try {
    run()
    return false
  } catch (error) {
    return isFailure(error, 'MALFORMED_EVENT')
  }
}
