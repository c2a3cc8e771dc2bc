/** Repeatable numbers below a limit. */
export type RandomBelow = (limit: number) => number

/** Makes a source of numbers that is the same for the same seed. */
export function randomNumbers(seed: number): RandomBelow {
  let state = seed >>> 0
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  2 ** 53 + 2,
  0.1,
  '',
  '\u0000\u001f',
  '\ud800',
  '\u{1f600}'.repeat(100),
  '__proto__',
  'x'.repeat(10_000),
  [],
  [null],
  {},
  { __proto__: null, constructor: 1 },
  JSON.parse('{"__proto__":{"polluted":true}}'),
]

const ODD_TEXTS: readonly string[] = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\\',
  '\\u00',
  '\u0000',
  '\ufeff',
  '1e99999',
  '-0',
  '18446744073709551616',
  'nul',
  '[['.repeat(6_000),
  '{"a":'.repeat(6_000),
  '"\\ud83d"',
  '/* */',
]

/** A request body made odd: values of other types, members missing, text broken, cut off or nested deep. */
export function mutate(body: unknown, random: RandomBelow): Buffer {
  const copy: unknown = structuredClone(body)
  const changed = random(4) === 0 ? copy : changeSomewhere(copy, random)
  const text = JSON.stringify(changed) ?? ''
  switch (random(8)) {
    case 0:
      return Buffer.from(text.slice(0, random(text.length + 1)))
    case 1: {
      const at = random(text.length + 1)
      return Buffer.from(text.slice(0, at) + pick(ODD_TEXTS, random) + text.slice(at + random(3)))
    }
    case 2: {
      const bytes = Buffer.from(text)
      if (bytes.length > 0) bytes[random(bytes.length)] = random(256)
      return bytes
    }
    case 3:
      return Buffer.from(text.replaceAll(/"(\w)/g, (_all, letter: string) => `"${letter.toUpperCase()}`))
    default:
      return Buffer.from(text)
  }
}

function changeSomewhere(value: unknown, random: RandomBelow): unknown {
  if (typeof value !== 'object' || value === null || random(4) === 0) return pick(ODD_VALUES, random)
  const container = value as Record<string, unknown>
  const names = Object.keys(container)
  const name = names[random(names.length)]
  if (name === undefined) return pick(ODD_VALUES, random)
  if (random(6) === 0) delete container[name]
  else container[name] = changeSomewhere(container[name], random)
  return value
}

function pick<T>(values: readonly T[], random: RandomBelow): T {
  return values[random(values.length)] as T
}
