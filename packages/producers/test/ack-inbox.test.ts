import { headers, type NatsConnection } from '@nats-io/nats-core'
import { startNats, type TestServer } from '@roomserver/testing'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { AckInbox } from '../src/ack-inbox.ts'
import { connectNats } from '../src/jetstream.ts'

let nats: TestServer
let connection: NatsConnection
beforeAll(async () => {
  nats = await startNats()
})
beforeEach(async () => {
  connection = await connectNats({ servers: [nats.url], topicPrefix: 'Any' })
})
afterAll(async () => {
  await nats[Symbol.asyncDispose]()
})

const publish = (inbox: AckInbox, subject: string) => inbox.publish(subject, '{}', headers())

it('takes each answer for the message that it answers', async () => {
  connection.subscribe('answered.*', {
    callback: (_error, message) => {
      const sequence = Number(message.subject.split('.')[1])
      setTimeout(() => message.respond(`{"stream":"S","seq":${sequence}}`), 20 - sequence)
    },
  })
  const inbox = new AckInbox(connection, 5_000)
  const answers = await Promise.all([1, 2, 3].map((sequence) => publish(inbox, `answered.${sequence}`)))
  expect(answers).toEqual([1, 2, 3].map((sequence) => ({ sequence, isDuplicate: false })))
  await connection.close()
})

it.each([
  ['{"error":{"code":400,"description":"wrong last sequence: 3"}}', 'wrong last sequence: 3'],
  ['{"seq":"1"', 'unexpected answer: {"seq":"1"'],
  ['{}', 'unexpected answer: {}'],
  ['null', 'unexpected answer: null'],
  ['', 'no stream accepts the subject'],
])('fails with the reason in the answer %s', async (text, reason) => {
  connection.subscribe('refused', { callback: (_error, message) => void message.respond(text) })
  await expect(publish(new AckInbox(connection, 5_000), 'refused')).rejects.toThrow(reason)
  await connection.close()
})

it('fails at once when nobody listens', async () => {
  const inbox = new AckInbox(connection, 5_000)
  await expect(publish(inbox, 'nobody')).rejects.toThrow('no stream accepts the subject (503)')
  await connection.close()
})

it('waits for an answer no longer than it was told, also when others came later', async () => {
  connection.subscribe('silent', { callback: () => undefined })
  const inbox = new AckInbox(connection, 30)
  await expect(publish(inbox, 'silent')).rejects.toThrow('timed out waiting for an answer')
  const first = publish(inbox, 'silent')
  await new Promise((resolve) => setTimeout(resolve, 20))
  const results = await Promise.allSettled([first, publish(inbox, 'silent')])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await connection.close()
})

it('fails what waits when the connection is closed', async () => {
  connection.subscribe('silent', { callback: () => undefined })
  const waiting = publish(new AckInbox(connection, 5_000), 'silent')
  void connection.close()
  await expect(waiting).rejects.toThrow('connection closed')
})
