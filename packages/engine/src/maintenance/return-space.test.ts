import { type EngineStore, type Logger, silentLogger } from '@roomserver/types'
import { expect, it, vi } from 'vitest'
import { isFileStore, startReturningSpace } from './return-space.ts'

/** What is done about a file with so many free pages, until it has been looked at once. */
async function lookAt(found: { readonly free: number; readonly pages: number } | undefined | Error) {
  const filePages = vi.fn(async () => {
    if (found instanceof Error) throw found
    return found
  })
  const returnPages = vi.fn(async () => 64)
  returnPages.mockResolvedValueOnce(64).mockResolvedValueOnce(65).mockResolvedValueOnce(63)
  const said: unknown[] = []
  const note = (fields: object, text: string) => void said.push([fields, text])
  const log: Logger = { ...silentLogger, info: note, warn: note }
  const returning = startReturningSpace({ filePages, returnPages }, log)
  await expect.poll(() => filePages.mock.calls.length).toBe(1)
  if (
    found !== undefined &&
    !(found instanceof Error) &&
    found.free >= 1_024 &&
    found.free * 10 >= found.pages
  )
    await expect.poll(() => said).toHaveLength(1)
  await returning[Symbol.asyncDispose]()
  expect(filePages).toHaveBeenCalledTimes(1)
  return { returned: returnPages.mock.calls, said }
}

it.each([
  ['much of a file', { free: 5_000, pages: 6_000 }],
  ['just enough of a file', { free: 1_024, pages: 10_240 }],
])('gives space back, 64 pages at a time, where it is %s', async (_what, found) => {
  const said = [
    [{ pages: found.free, of: found.pages }, 'returned free space of the file to the file system'],
  ]
  expect(await lookAt(found)).toEqual({ returned: [[64], [64], [64]], said })
})

it.each([
  ['few pages', { free: 1_023, pages: 1_100 }],
  ['a small share', { free: 1_024, pages: 10_241 }],
  ['not a file', undefined],
])('gives nothing back where it is %s', async (_what, found) => {
  expect(await lookAt(found)).toEqual({ returned: [], said: [] })
})

it('says that it could not, and ends in order', async () => {
  const said = [[{ err: new Error('locked') }, 'could not return free space of the file; will retry']]
  expect(await lookAt(new Error('locked'))).toEqual({ returned: [], said })
})

it('is for stores that have both methods for it', () => {
  const has = (...names: readonly string[]) =>
    isFileStore(Object.fromEntries(names.map((name) => [name, () => undefined])) as unknown as EngineStore)
  expect([has('filePages', 'returnPages'), has('filePages'), has('returnPages'), has()]).toEqual([
    true,
    false,
    false,
    false,
  ])
})
