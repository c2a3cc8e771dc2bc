import { expect, it } from 'vitest'
import { parseDuration, parseSize } from './units.ts'

it.each([
  ['168h0m0s', 168 * 3_600_000],
  ['1h', 3_600_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1_500],
  ['250ms', 250],
  ['0', 0],
  ['', undefined],
  ['1', undefined],
  ['1 h', undefined],
  ['soon', undefined],
  ['1h soon', undefined],
])('reads the duration %j', (text, ms) => expect(parseDuration(text)).toBe(ms))

it.each([
  ['128mb', 134_217_728],
  ['1GB', 1_073_741_824],
  ['1.5kb', 1_536],
  ['4096', 4_096],
  ['12b', 12],
  ['', undefined],
  ['-1mb', undefined],
  ['many', undefined],
])('reads the size %j', (text, bytes) => expect(parseSize(text)).toBe(bytes))
