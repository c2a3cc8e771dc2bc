import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from './canonical-json.ts'
import { parseJson } from './parse.ts'

describe('parseJson', () => {
  it('reads keys with escapes right after others that look like them', () => {
    for (const [first, then] of [
      ['{"events":1,"\\\\":1}', '{"events":1,"\\"":1}'],
      ['{"a\\\\":1}', '{"a\\"":1}'],
      ['{"\\\\":1}', '{"\\n":1}'],
    ] as const) {
      JSON.parse(first)
      expect(JSON.stringify(parseJson(then))).toBe(then)
    }
  })

  it.each([
    '{"":{"a\\"b":[{"\\\\":"\\\\\\":"}]},"__proto__":{"\\n":1}}',
    '{"\ue000":1,"\ue0000":2,"\\t":3}',
    '["\\":",{"a":"\\""}]',
    '"\\""',
  ])('reads %j', (text) => expect(JSON.stringify(parseJson(text))).toBe(text))

  it('gives back any value that was encoded', () => {
    const key = fc.string({ unit: fc.constantFrom('"', '\\', '\n', 'n', 'a', '\ue000', '0', ':') })
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        key,
        fc.nat(),
        fc.array(tie('value')),
        fc.dictionary(key, tie('value')),
      ),
    }))
    fc.assert(
      fc.property(value, (json) => {
        const text = canonicalJson(json)
        expect(canonicalJson(parseJson(text))).toBe(text)
      }),
    )
  })
})
