import { randomUUID } from 'node:crypto'
import { openStorage, type Storage } from '@roomserver/storage'
import { type Logger, silentLogger } from '@roomserver/types'
import { afterEach, beforeEach, expect, inject, it, vi } from 'vitest'
import { openOutputs } from './open-outputs.ts'
import type { OutputOptions } from './output-options.ts'

let storage: Storage
let options: Extract<OutputOptions, { readonly kind: 'jetstream' }>

beforeEach(async () => {
  storage = await openStorage({ dialect: 'sqlite', file: ':memory:' })
  options = {
    kind: 'jetstream',
    servers: [inject('natsUrl')],
    topicPrefix: `Engine${randomUUID()}`,
    inMemory: true,
  }
})

afterEach(async () => {
  vi.restoreAllMocks()
  await storage[Symbol.asyncDispose]()
})

const alone = () => ({ storage, isShared: false, log: silentLogger })
const among = () => ({ ...alone(), isShared: true })

/** Takes a lease as another process that goes on. */
const hold = (lease: string) => storage.takeLease(lease, 'another process', 3_600_000)

/** Lets no time pass for those who wait for a process that was killed. */
function waitNoTime(): void {
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 3_500))
}

it.each([
  [undefined, true],
  [1, true],
  [0, false],
])('lets input wait for its outputs where that is wanted: %s ms', async (acknowledgementWaitMs, waits) => {
  const wanted = { ...options, ...(acknowledgementWaitMs !== undefined && { acknowledgementWaitMs }) }
  await using only = await openOutputs(alone(), wanted)
  await using one = await openOutputs(among(), wanted)
  expect([only.whenDelivered !== undefined, one.whenDelivered !== undefined]).toEqual([waits, waits])
})

it('needs no lease as the only process on a database, and knows how it is doing at once', async () => {
  const takeLease = vi.spyOn(storage, 'takeLease')
  await using outputs = await openOutputs(alone(), options)
  expect(outputs.status?.()).toMatchObject({ setAside: [] })
  await expect.poll(() => outputs.status?.()?.isConnected).toBe(true)
  expect([outputs.isDelivered, outputs.log, takeLease.mock.calls]).toEqual([undefined, undefined, []])
})

it('says which of the processes on a database delivers, and lets go of that at its end', async () => {
  const said: unknown[] = []
  const log: Logger = { ...silentLogger, info: (fields, text) => said.push([fields, text]) }
  const takeLease = vi.spyOn(storage, 'takeLease')
  const first = await openOutputs({ ...among(), log }, options)
  await expect.poll(() => first.status?.()?.isConnected).toBe(true)
  expect(takeLease.mock.calls[0]).toEqual(['output relay', expect.any(String), 5_000])
  expect(said).toContainEqual([{ work: 'output relay' }, 'became leader'])
  await using second = await openOutputs(among(), options)
  expect([second.status?.(), await second.isDelivered?.(), await first.isDelivered?.()]).toEqual([
    undefined,
    true,
    true,
  ])
  await first[Symbol.asyncDispose]()
  expect(first.status?.()).toBeUndefined()
  await expect.poll(() => second.status?.()?.isConnected).toBe(true)
})

it('says that nobody delivers', async () => {
  vi.spyOn(storage, 'takeLease').mockResolvedValue(false)
  await using outputs = await openOutputs(among(), options)
  expect([outputs.status?.(), await outputs.isDelivered?.()]).toEqual([undefined, false])
})

it('is refused beside a process whose outputs stay in the database', async () => {
  await hold('embedded output log')
  waitNoTime()
  await expect(openOutputs(among(), options)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    details: {
      argument: 'outputs',
      expected: 'no NATS servers, because a process without them is using this database; stop that one first',
    },
  })
  // The only process need not look.
  await (await openOutputs(alone(), options))[Symbol.asyncDispose]()
})

it.each(['embedded output log', 'output relay'])(
  'keeps no log beside a process with the lease %s',
  async (lease) => {
    await hold(lease)
    waitNoTime()
    await expect(openOutputs(among(), { kind: 'log' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: {
        argument: 'outputs',
        expected: 'NATS servers, because another process is using this database',
      },
    })
  },
)

it('holds both leases while outputs stay in a database that others could use, and gives them back', async () => {
  const said: unknown[] = []
  const log: Logger = { ...silentLogger, info: (fields) => said.push(fields) }
  const takeLease = vi.spyOn(storage, 'takeLease')
  {
    await using _outputs = await openOutputs({ ...among(), log }, { kind: 'log' })
    expect(takeLease.mock.calls.slice(0, 2)).toEqual([
      ['embedded output log', expect.any(String), 5_000],
      ['output relay', expect.any(String), 5_000],
    ])
    expect(await hold('embedded output log')).toBe(false)
    expect(await hold('output relay')).toBe(false)
  }
  expect(said).toEqual([{ work: 'embedded output log' }])
  expect(await hold('embedded output log')).toBe(true)
  expect(await hold('output relay')).toBe(true)
})

it('begins an epoch in the log, by which its outputs are called, for each process', async () => {
  const begin = vi.spyOn(storage, 'beginEpochOfProcess')
  await (await openOutputs(alone(), { kind: 'log' }))[Symbol.asyncDispose]()
  await using _outputs = await openOutputs(alone(), { kind: 'log' })
  expect(begin).toHaveBeenCalledTimes(2)
  expect((await storage.outputEpochs()).length).toBeGreaterThan(0)
})
