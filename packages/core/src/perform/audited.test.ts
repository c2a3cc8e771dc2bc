import { silentLogger } from '@roomserver/types'
import { expect, it } from 'vitest'
import { audited } from './audited.ts'

it('notes what was asked and so much of the answer, or how it failed', async () => {
  const noted: unknown[] = []
  const log = { ...silentLogger, info: (fields: object, message: string) => noted.push([message, fields]) }
  const purge = audited({ log }, 'purge', async ({ size }: { readonly size: number }) => {
    if (size === 0) throw new Error('nothing to purge')
    return { text: 'x'.repeat(size) }
  })
  const around = '{"text":""}'.length
  expect(await purge({ size: 500 - around })).toEqual({ text: 'x'.repeat(500 - around) })
  expect(await purge({ size: 10_000 })).toEqual({ text: 'x'.repeat(10_000) })
  await expect(purge({ size: 0 })).rejects.toThrow('nothing to purge')
  const answer = `{"text":"${'x'.repeat(491)}`
  expect(noted).toEqual([
    ['audit: purge', { audit: 'purge', request: { size: 489 }, answer: `{"text":"${'x'.repeat(489)}"}` }],
    ['audit: purge', { audit: 'purge', request: { size: 10_000 }, answer }],
    ['audit: purge', { audit: 'purge', request: { size: 0 }, failure: 'nothing to purge' }],
  ])
})
