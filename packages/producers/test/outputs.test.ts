import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Carrier, embeddedCarrier, jetstreamCarrier, payloadOf } from './carriers.ts'

/** What every consumer of outputs may rely on, whichever way they come. */
describe.each([
  ['the embedded log', embeddedCarrier],
  ['JetStream', jetstreamCarrier],
])('outputs by %s', (_name, open) => {
  let carrier: Carrier
  beforeEach(async () => {
    carrier = await open()
  })
  afterEach(() => carrier[Symbol.asyncDispose]())

  const append = (count: number) => {
    carrier.outbox.append(count)
    carrier.wake()
  }
  const sent = (from = 0, to?: number) =>
    carrier.outbox.all.slice(from, to).map((row) => `${row.roomId}/${row.seq} ${payloadOf(row)}`)

  it('come in order', async () => {
    const reader = await carrier.reader('one')
    append(500)
    expect(await reader.take(500)).toEqual(sent())
  })

  it('come to a consumer that starts to read late', async () => {
    const reader = await carrier.reader('late')
    append(100)
    append(100)
    expect(await reader.take(200)).toEqual(sent())
  })

  it('come to each consumer', async () => {
    const readers = [await carrier.reader('one'), await carrier.reader('two')]
    append(60)
    for (const reader of readers) expect(await reader.take(60)).toEqual(sent())
  })

  it('go on where a consumer stopped', async () => {
    const reader = await carrier.reader('one')
    append(30)
    expect(await reader.take(10)).toEqual(sent(0, 10))
    expect(await reader.take(20)).toEqual(sent(10))
  })

  it('survive that what lies between is killed and started again', async () => {
    const reader = await carrier.reader('one')
    append(100)
    expect(await reader.take(50)).toEqual(sent(0, 50))
    await carrier.interrupted(() => append(200))
    append(50)
    expect(await reader.take(300)).toEqual(sent(50))
  })

  it('come once although their sender died before noting that they were sent', async () => {
    const reader = await carrier.reader('one')
    append(100)
    expect(await reader.take(100)).toEqual(sent())
    await carrier.crashed()
    append(10)
    expect(await reader.take(10)).toEqual(sent(100))
  })
})
