import { describe, expect, it } from 'vitest'
import { isStrictSignature } from './strict-signature.ts'

/** 32 bytes, little-endian, of a number of up to 256 bits. */
function bytesOf(number: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((number >> BigInt(8 * i)) & 0xffn))
}

const PRIME = 2n ** 255n - 19n
const ORDER = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n
const SIGN = 2n ** 255n
/** A y coordinate that nothing is wrong with. */
const Y = 1_234_567_890n

const isStrict = (key: bigint, r: bigint, s: bigint) =>
  isStrictSignature(bytesOf(key), Uint8Array.of(...bytesOf(r), ...bytesOf(s)))

/** A power in the field. */
function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = base % PRIME
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % PRIME
    square = (square * square) % PRIME
  }
  return result
}
const D = ((PRIME - 121_665n) * power(121_666n, PRIME - 2n)) % PRIME

/** Whether y belongs to a point of order 8: doubled, it has y 0. There x² = -y², and the curve says d·y⁴ + 2·y² = 1. */
function isOfOrderEight(y: bigint): boolean {
  const square = (y * y) % PRIME
  return (D * square * square + 2n * square) % PRIME === 1n
}

describe('a key or an R', () => {
  it.each([Y, 2n, PRIME - 2n, SIGN + Y, SIGN + PRIME - 2n])('is as it should be: %s', (y) => {
    expect([isStrict(y, Y, 1n), isStrict(Y, y, 1n)]).toEqual([true, true])
  })

  it.each([PRIME, PRIME + 1n, PRIME + 2n, SIGN - 1n, SIGN + PRIME, SIGN + PRIME + 2n, 2n ** 256n - 1n])(
    'has a y that is written in another way than the canonical one: %s',
    (y) => {
      expect([isStrict(y, Y, 1n), isStrict(Y, y, 1n)]).toEqual([false, false])
    },
  )

  const ORDER_EIGHT = [
    0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
    0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  ]
  it.each([0n, 1n, PRIME - 1n, ...ORDER_EIGHT].flatMap((y) => [y, SIGN + y]))(
    'is of small order: %s',
    (y) => {
      expect([isStrict(y, Y, 1n), isStrict(Y, y, 1n)]).toEqual([false, false])
    },
  )

  it('is of order eight where doubling says so', () => {
    expect(ORDER_EIGHT.map(isOfOrderEight)).toEqual([true, true])
    expect(isOfOrderEight(Y)).toBe(false)
  })
})

it.each([
  [0n, true],
  [ORDER - 1n, true],
  [ORDER, false],
  [ORDER + 1n, false],
  [ORDER - 2n ** 200n, true],
  [ORDER + 2n ** 200n, false],
  [2n ** 256n - 1n, false],
])('S is below the order of the base point: %s, %s', (s, isBelow) => {
  expect(isStrict(Y, Y, s)).toBe(isBelow)
})

it.each([
  [31, 64],
  [33, 64],
  [32, 63],
  [32, 65],
  [0, 0],
])('is none with a key of %i bytes and a signature of %i', (keyLength, signatureLength) => {
  const [key, signature] = [new Uint8Array(keyLength).fill(5), new Uint8Array(signatureLength).fill(5)]
  expect(isStrictSignature(key, signature)).toBe(false)
  expect(isStrictSignature(bytesOf(Y), Uint8Array.of(...bytesOf(Y), ...bytesOf(1n)))).toBe(true)
})
