import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalizeJson } from './canonicalize.ts'
import { compareCodePoints } from './code-points.ts'

const canonical = (text: string, strictness: 'strict' | 'lenient' = 'strict') => {
  const verdict = canonicalizeJson(text, strictness)
  return verdict.ok ? verdict.text : undefined
}

describe('canonicalizeJson', () => {
  it.each([
    // why, text, canonical form
    [
      'keys are sorted and blanks go',
      ' {\n "b" : 2 ,\t"a" : [ 1 , { } , [ ] ] \r\n} ',
      '{"a":[1,{},[]],"b":2}',
    ],
    [
      'code points sort, not UTF-16 units: U+FFFD is before U+10000',
      '{"𐀀":1,"\ufffd":2}',
      '{"\ufffd":2,"𐀀":1}',
    ],
    ['so do they when written as escapes', '{"\\ud800\\udc00":1,"\\ufffd":2}', '{"\ufffd":2,"𐀀":1}'],
    ['a key that starts another sorts first', '{"ab":1,"a":2,"":3}', '{"":3,"a":2,"ab":1}'],
    ['keys are compared as they mean, not as they are written', '{"b":1,"\\u0061":2}', '{"a":2,"b":1}'],
    ['a quote within a key does not end it', '{"a\\"b":1,"a!":2}', '{"a!":2,"a\\"b":1}'],
    ['of equal keys the last counts, however it is written', '{"a":1,"b":0,"\\u0061":2}', '{"a":2,"b":0}'],
    ['prototype names are names', '{"toString":1,"__proto__":{"x":1}}', '{"__proto__":{"x":1},"toString":1}'],
    ['names that look like numbers stay in text order', '{"10":1,"9":2}', '{"10":1,"9":2}'],
    [
      'escapes are the shortest there are',
      '"\\u0022\\u002f\\u000A\\u001F\\u007f\\/"',
      '"\\"/\\n\\u001f\u007f/"',
    ],
    ['U+2028 needs none', '"\\u2028"', '"\u2028"'],
    ['a value alone is JSON too', ' -1 ', '-1'],
    ['an empty object has no blank in it', ' { } ', '{}'],
    ['an empty list has none either', '[\n]', '[]'],
    ['an object may end early in a longer list', '[{"b":1,"a":{}},{},"x"]', '[{"a":{},"b":1},{},"x"]'],
  ])('%s', (_why, text, expected) => expect(canonical(text)).toBe(expected))

  it.each([
    ['-0', '{"a":-0}', '{"a":0}'],
    ['a fraction stays as it is written: servers hash that text', '{"b":1.50,"a":1e3}', '{"a":1e3,"b":1.50}'],
    ['no integer is rounded', '{"a":123456789012345678901234567890}', '{"a":123456789012345678901234567890}'],
    ['2^53', '[9007199254740992]', '[9007199254740992]'],
    [
      'exponents in every spelling',
      '[1e5,1E5,10e+12,10E-12,0.50e00,-1.5E+3]',
      '[1e5,1E5,10e+12,10E-12,0.50e00,-1.5E+3]',
    ],
    [
      'of 15 digits and more',
      '[123456789012345E2,1234567890123456.7]',
      '[123456789012345E2,1234567890123456.7]',
    ],
  ])('only lenient: %s', (_why, text, expected) => {
    expect(canonical(text, 'lenient')).toBe(expected)
    expect(canonical(text, 'strict')).toBeUndefined()
  })

  const broken = String.raw`{ {"a" {"a": {"a":1 {"a":1, {"a":1,} {,} {a:1} [1,] [1 [,1] {}{} } ] 01 +1 .5 1. 1e --1
    0x10 1E 1e+ -1E- 1.e5 .1E5 1e5.5 1ee5 -01 00 1_000 nul nullx NaN " "\ "\" "\x41" "\u12" 'a' {"a"1} {1:2} /**/1 "\ud800" "\udc00\ud800" {"\ud800":1}
    "\ud83d\ud83d\ude00"`
  it.each([...broken.split(/\s+/), '', ' ', '1 2', '"a\nb"', '"\0"', '"\ud800"', '\ufeff{}'])(
    'refuses %j',
    (text) => {
      expect(canonicalizeJson(text, 'strict')).toEqual({
        ok: false,
        reason: expect.stringMatching(/at character \d+/),
      })
      expect(canonicalizeJson(text, 'lenient').ok).toBe(false)
    },
  )

  it.each(['[', '{"a":', '[{"a":'])('refuses %j 100,000 times, and takes it 500 times', (opening) => {
    const closing = Array.from(opening === '[' ? ']' : opening === '{"a":' ? '}' : '}]').join('')
    const nested = (depth: number) => `${opening.repeat(depth)}1${closing.repeat(depth)}`
    expect(canonicalizeJson(nested(100_000))).toMatchObject({ ok: false, reason: /deeper than 1000/ })
    expect(canonicalizeJson(opening.repeat(100_000)).ok).toBe(false)
    expect(canonical(nested(500))).toBe(nested(500))
    expect(canonical(` ${nested(500)}`)).toBe(nested(500))
    // Blanks innermost: every level has to be written anew.
    expect(canonical(nested(500).replace('1', ' 1'))).toBe(nested(500))
  })

  it('takes long texts of any shape', () => {
    const size = 200_000
    expect(canonical(`"${'\\n'.repeat(size)}"`)).toHaveLength(2 * size + 2)
    expect(canonical(`"${'\\u000a'.repeat(size)}"`)).toHaveLength(2 * size + 2)
    expect(canonical(`[${' '.repeat(size)}1]`)).toBe('[1]')
    const members = Array.from({ length: size / 10 }, (_, i) => `"${size - i}":0`)
    expect(canonical(`{${members.join(',')}}`)).toBe(`{${members.toReversed().join(',')}}`)
    expect(canonical('9'.repeat(size), 'lenient')).toHaveLength(size)
    const nested = `${'['.repeat(900)}"${'x'.repeat(size)}"${']'.repeat(900)}`
    expect(canonical(nested.replaceAll('[', '[ '))).toBe(nested)
  })
})

// No backslashes in keys: V8 13.6 (Node 24), having parsed an object with the key "\\", reads the key "\"" as "\\".
const key = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\\', '')),
  fc.constantFrom('__proto__', 'constructor', 'a', 'b', '"'),
)
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger(),
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((members) => Object.fromEntries(members)),
  ),
}))

/** An obviously right (slow) encoder. */
function slow(json: unknown): string {
  if (Array.isArray(json)) return `[${json.map(slow).join(',')}]`
  if (typeof json !== 'object' || json === null) return Object.is(json, -0) ? '0' : JSON.stringify(json)
  const members = Object.entries(json).sort(([a], [b]) => compareCodePoints(a, b))
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${slow(each)}`).join(',')}}`
}

describe('half a surrogate pair', () => {
  const [HIGH, LOW] = [
    ['\ud800', '\udbff'],
    ['\udc00', '\udfff'],
  ] as const

  it.each(HIGH.flatMap((high) => LOW.map((low) => high + low)))(
    'is not what has the other half: %j',
    (pair) => {
      expect(canonical(`"${pair}"`)).toBe(`"${pair}"`)
      expect(canonical(`{"${pair}":"x${pair}y"}`)).toBe(`{"${pair}":"x${pair}y"}`)
    },
  )

  it.each([
    ...HIGH.flatMap((high) => [high, `${high}x`, `${high}\ue000`, `${high}\udbff`, `${high}${high}`]),
    ...LOW.flatMap((low) => [low, `x${low}`, `${low}${low}`, `${low}\ud800`, `\ud800\udc00${low}`]),
    '\ud7ff\udc00',
    '\ue000\udc00',
    '\ud800\\n\udc00',
  ])('is no JSON, wherever it stands: %j', (text) => {
    expect(canonical(`"${text}"`, 'lenient')).toBeUndefined()
    expect(canonical(`{"${text}":1}`, 'lenient')).toBeUndefined()
    expect(canonical(`["a${text}"]`, 'lenient')).toBeUndefined()
  })

  it.each(['\ud7ff', '\ue000', '\uffff'])('is not a character beside the surrogates: %j', (text) => {
    expect(canonical(`"${text}"`)).toBe(`"${text}"`)
  })
})

describe('for any JSON', () => {
  it('agrees with the slow encoder, however the text is spaced and ordered', () => {
    fc.assert(
      fc.property(value, fc.constantFrom('', ' ', '\n\t'), (json, space) => {
        expect(canonical(JSON.stringify(json, undefined, space))).toBe(slow(json))
      }),
    )
  })

  it('keeps the last of equal keys and sorts the others, in objects of any size and however keys are written', () => {
    const unit = fc.constantFrom(
      'a',
      'b',
      '"',
      '!',
      '\n',
      '\u007f',
      '\ud7ff',
      '\ue000',
      '\uffff',
      '\u{10000}',
    )
    const name = fc.string({ unit, maxLength: 3 })
    const escaped = (text: string) =>
      `"${Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`
    const member = fc.tuple(name, fc.boolean(), fc.constantFrom(' ', ''), fc.nat({ max: 9 }))
    const sizes = fc.constantFrom(3, 24, 25, 60)
    fc.assert(
      fc.property(
        sizes.chain((maxLength) => fc.array(member, { maxLength })),
        (members) => {
          const texts = members.map(
            ([key, isEscaped, blank, number]) =>
              `${isEscaped ? escaped(key) : JSON.stringify(key)}:${blank}${number}`,
          )
          const text = `{${texts.join(',')}}`
          const expected = slow(Object.fromEntries(members.map(([key, , , number]) => [key, number])))
          expect(canonical(text)).toBe(expected)
          expect(canonical(`[${text},0]`)).toBe(`[${expected},0]`)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('reads back what it wrote, and changes nothing a second time', () => {
    fc.assert(
      fc.property(value, (json) => {
        const text = canonical(JSON.stringify(json)) ?? ''
        expect(slow(JSON.parse(text))).toBe(text)
        expect(canonical(text)).toBe(text)
      }),
    )
  })

  it('says no or gives canonical text for any string, strict ones being a part of the lenient', () => {
    const characters = '{ } [ ] , : " \\ u e 0 1 9 . - + t f n'.split(' ')
    const fragments = fc.constantFrom(...characters, ' ', '\n', 'true', '"a":', '\ud800', '\udc00')
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(fragments).map((all) => all.join('')),
        ),
        (text) => {
          const strict = canonicalizeJson(text, 'strict')
          const lenient = canonicalizeJson(text, 'lenient')
          expect(lenient.ok).toBe(isJson(text))
          if (strict.ok) expect(lenient).toEqual(strict)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

/** What the platform's own parser says, but for half surrogate pairs. */
function isJson(text: string): boolean {
  try {
    return (
      JSON.stringify(JSON.parse(text)).isWellFormed() && !/\\ud[89a-f]/.test(JSON.stringify(JSON.parse(text)))
    )
  } catch {
    return false
  }
}

it.each([
  // text, what the reason begins with, and the place that it names
  ['{"a":1.5}', '1.5 ', 5],
  ['{"a":-0}', '-0 ', 5],
  ['{"a":1e2}', '1e2 ', 5],
  ['{"a":-9007199254740992}', '-9007199254740992 ', 5],
  ['1'.repeat(40), `${'1'.repeat(40)} `, 0],
  ['1'.repeat(41), `${'1'.repeat(40)}… `, 0],
  [`[${'1'.repeat(40)}.5]`, `${'1'.repeat(40)}… `, 1],
  ['', '', 0],
  ['{"a":01}', '', 7],
  ['[-]', '', 1],
  ['[1', '', 3],
  ['[1,]', '', 3],
  ['[1]x', '', 3],
  ['{a:1}', '', 1],
  ['{"a"}', '', 4],
  ['{"a":tru}', '', 5],
  ['{"a":"\\ud800"}', '', 5],
  ['["b","\\x"]', '', 5],
])('names the number that %s is refused for, cut where it is long, and the place', (text, number, place) => {
  const verdict = canonicalizeJson(text, 'strict')
  const reason = verdict.ok ? '' : verdict.reason
  expect(reason.startsWith(number)).toBe(true)
  expect(reason).toMatch(new RegExp(`\\(at character ${place}\\)$`))
})
