import { expect, it } from 'vitest'
import { JsonReader } from './json-reader.ts'
import { SyntaxFault } from './syntax-fault.ts'

const alphabet = '{}[]",:0123456789-+.eE\\utrufalsn \n\u0001x'
const seeds = [
  '{"a":[1,-0.5e+3,true,null,"\\u00e9\\n"],"b":{"c":{}}}',
  '[[],{},"",0,[{"x":"y"}]]',
  '-10.25E-7',
]

it('takes exactly the texts that JSON.parse takes', () => {
  const next = randomNumbers(42)
  for (let round = 0; round < 30_000; round++) {
    const seed = seeds[round % seeds.length] ?? ''
    const at = next(seed.length + 1)
    const text = seed.slice(0, at) + alphabet.charAt(next(alphabet.length)) + seed.slice(at + next(3))
    // `expect` takes longer than reading the text.
    const isExpected = parses(text)
    if (isOneValue(text) !== isExpected) expect(!isExpected, text).toBe(isExpected)
  }
})

/** A repeatable sequence of numbers below a limit. */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * limit)
  }
}

function isOneValue(text: string): boolean {
  const reader = new JsonReader(new TextEncoder().encode(text))
  try {
    reader.skip()
  } catch (error) {
    if (error instanceof SyntaxFault) return false
    throw error
  }
  return text.slice(reader.at).trim() === ''
}

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
