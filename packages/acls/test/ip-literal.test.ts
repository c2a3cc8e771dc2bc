import { isIP } from 'node:net'
import { expect, it } from 'vitest'
import { isIpLiteral } from '../src/ip-literal.ts'

it('agrees with Node on every short text of the characters of addresses', () => {
  let texts = ['']
  for (let length = 0; length < 6; length++) {
    texts = texts.flatMap((text) => '1f:.'.split('').map((letter) => text + letter))
    for (const text of texts) expect(isIpLiteral(text), text).toBe(isIP(text) !== 0)
  }
})

it('agrees with Node on addresses put together from their parts', () => {
  const parts = ['', '0', '1', '255', '256', 'ffff', 'g', '1.2.3.4', '00001', '1.2.3.256']
  let texts = parts
  for (let length = 1; length < 5; length++) {
    texts = texts
      .flatMap((text) => parts.map((part) => `${text}:${part}`))
      .filter((_, i) => i % 3 === length % 3)
    for (const text of texts) expect(isIpLiteral(text), text).toBe(isIP(text) !== 0)
  }
})
