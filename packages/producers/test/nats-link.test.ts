import { startNats } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { connectJetStream, connectNats } from '../src/jetstream.ts'
import { linkOf } from '../src/nats-link.ts'

/** Longer than a test may take: what ends did not wait for its time to be over. */
const NEVER_MS = 3_600_000
const neverAnswered = () => new Promise<never>(() => undefined)

async function linked() {
  const nats = await startNats()
  const connection = await connectNats({ servers: [nats.url], topicPrefix: 'Link' })
  const link = linkOf(connection)
  return { nats, connection, link }
}

it('gives up what is asked when the connection is lost, and asks nothing until it is back', async () => {
  const { connection, link, nats } = await linked()
  await using _server = nats
  const asked = link.ask(neverAnswered).catch(String)
  await nats.stop('kill')
  expect(await asked).toContain('connection was lost')
  expect(link.isUp).toBe(false)
  let isAsked = false
  const again = link.ask(async () => void (isAsked = true))
  await expect(again).rejects.toThrow('connection was lost')
  expect(isAsked).toBe(false)

  const back = link.whenUp(AbortSignal.timeout(NEVER_MS))
  await nats.start()
  await back
  expect(await link.ask(async () => 'answer')).toBe('answer')
  await connection.close()
  expect(link.isUp).toBe(false)
})

it('waits for no connection that is closed for good, nor longer than it is told', async () => {
  const { connection, link, nats } = await linked()
  await using _server = nats
  await nats.stop('kill')
  await expect.poll(() => link.isUp).toBe(false)
  await link.whenUp(AbortSignal.abort())
  const back = link.whenUp(AbortSignal.timeout(NEVER_MS))
  await connection.close()
  await back
})

it('is one for all that use a connection', async () => {
  const { connection, link, nats } = await linked()
  await using _server = nats
  expect(linkOf(connection)).toBe(link)
  await connection.close()
})

it('has outputs refused at once that cannot arrive', async () => {
  await using nats = await startNats()
  const bus = await connectJetStream({ servers: [nats.url], topicPrefix: 'Link', timeoutMs: NEVER_MS })
  const output = { id: '!a:b/1', roomId: '!a:b', payload: '{}' }
  const back = Promise.withResolvers<void>()
  bus.onReconnect = back.resolve
  const sent = bus.publish(output, 0).catch(String)
  const looked = bus.stream?.inspect().catch(String)
  await nats.stop('kill')
  expect([await sent, await looked]).toEqual([
    expect.stringContaining('connection was lost'),
    expect.stringContaining('connection was lost'),
  ])
  await expect(bus.publish(output, 0)).rejects.toThrow('connection was lost')
  await nats.start()
  await back.promise
  expect(await bus.publish(output, await bus.lastSequence())).toMatchObject({ sequence: 1 })
  await bus.close()
})
