/** A way to fill about so many characters with what somebody might hope takes more time than its length. */
export type Shape = (length: number) => string

/** The text over and over, in all about so many characters. */
const times = (text: string, length: number) => text.repeat(Math.ceil(length / text.length))

/** So many parts side by side, told apart by a number. */
const parts = (length: number, each: number, part: (i: number) => string) =>
  Array.from({ length: Math.ceil(length / each) }, (_, i) => part(i)).join(',')

const padded = (i: number) => String(i).padStart(6, '0')

/** JSON texts of objects, which stand for the content of an event. */
export const OBJECTS: Readonly<Record<string, Shape>> = {
  'a long text': (n) => `{"x":"${times('a', n)}"}`,
  'the mark of keys with escapes, and such a key': (n) => `{"\\\\":1,"x":"${times('\ue000', n)}"}`,
  'keys of marks, and a key with an escape': (n) =>
    `{"\\\\":1,${parts(n, 12, (i) => `"\ue000${padded(i)}":1`)}}`,
  'one key of marks, and a key with an escape': (n) => `{"\\\\":1,"${times('\ue000', n)}":1}`,
  'keys with escapes': (n) => `{${parts(n, 12, (i) => `"\\"${padded(i)}":1`)}}`,
  'keys with escapes, one inside the other': (n) =>
    `{"x":[${parts(n, 702, () => `${'{"\\\\":'.repeat(100)}1${'}'.repeat(100)}`)}]}`,
  'long keys with escapes': (n) => `{${parts(n, 200, (i) => `"${'\\"'.repeat(90)}${padded(i)}":1`)}}`,
  'escapes of every kind': (n) => `{"x":"${times('\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f', n)}"}`,
  'escapes that canonical JSON writes otherwise': (n) => `{"x":"${times('\\/\\u0041\\u00e9', n)}"}`,
  'keys that canonical JSON writes otherwise': (n) => `{${parts(n, 18, (i) => `"\\u0061${padded(i)}":1`)}}`,
  'keys in the wrong order': (n) => `{${parts(n, 10, (i) => `"${padded(999_999 - i)}":1`)}}`,
  'keys that differ at their end': (n) =>
    `{${parts(n, 220, (i) => `"${'k'.repeat(200)}${padded(999_999 - i)}":1`)}}`,
  'the same key again and again': (n) => `{${parts(n, 6, () => '"a":1')}}`,
  'keys beyond the basic plane': (n) => `{${parts(n, 12, (i) => `"😀${padded(999_999 - i)}":1`)}}`,
  'empty objects': (n) => `{"x":[${parts(n, 3, () => '{}')}]}`,
  'empty lists': (n) => `{"x":[${parts(n, 3, () => '[]')}]}`,
  'lists in lists': (n) => `{"x":[${parts(n, 501, () => `${'['.repeat(250)}${']'.repeat(250)}`)}]}`,
  'lists in lists with blanks': (n) =>
    `{"x":[${parts(n, 501, () => `${' ['.repeat(125)}${' ]'.repeat(125)}`)}]}`,
  'lists that never end': (n) => times('[', n),
  'objects that never end': (n) => times('{"a":', n),
  blanks: (n) => `{"x":${times(' \n\t\r', n)}1}`,
  integers: (n) => `{"x":[${parts(n, 4, () => '123')}]}`,
  'a long integer': (n) => `{"x":${times('9', n)}}`,
  'a long fraction': (n) => `{"x":1.${times('5', n)}e-5}`,
  'minus signs': (n) => `{"x":${times('-', n)}}`,
  'a text that never ends': (n) => `{"x":"${times('\\\\', n)}`,
  'backslashes before the end': (n) => `{"x":"${times('\\', n - (n % 2))}\\"`,
  'surrogate pairs, then a half of one': (n) => `{"x":"${times('😀', n)}\ud83d"}`,
  'characters of three bytes': (n) => `{"x":"${times('語', n)}"}`,
  quotes: (n) => times('"', n),
  'members called __proto__': (n) => `{"x":[${parts(n, 17, () => '{"__proto__":[]}')}]}`,
}

/** IDs, names and what else is text. */
export const TEXTS: Readonly<Record<string, Shape>> = {
  colons: (n) => `@${times(':', n)}`,
  'a long localpart': (n) => `@${times('ä', n)}:a.test`,
  NUL: (n) => `$${times('\0', n)}:a.test`,
  dots: (n) => `@a:${times('1.', n)}`,
  'colons in brackets': (n) => `@a:[${times(':', n)}]`,
  'an address without end': (n) => `@a:[${times('1:', n)}`,
  'equals signs': (n) => `${times('=', n)}x`,
  base64: (n) => times('abcd', n),
  'almost base64': (n) => `${times('abcd', n)}*`,
  'base64 of both alphabets': (n) => times('a-b+', n),
  'white space': (n) => `${times('\u0085 ', n)}x`,
  digits: (n) => `${times('1', n)}x`,
  'white space around digits': (n) => `${times(' ', n)}1${times(' ', n)}x`,
  stars: (n) => `${times('*', n)}b`,
  'stars that go back': (n) => `${times('*a', n)}b`,
  'question marks': (n) => times('?*', n),
  'characters of four bytes': (n) => times('😀', n),
}
