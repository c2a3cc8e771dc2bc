import { headers, type Msg, type SubscriptionOptions } from '@nats-io/nats-core'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { AckInbox } from './ack-inbox.ts'

// The test holds the clock, and says what is answered when.
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A connection whose answers the test gives. */
function connection() {
  const replies: string[] = []
  let callback: SubscriptionOptions['callback']
  const closed = Promise.withResolvers<void>()
  return {
    replies,
    close: closed.resolve,
    answer: (subject: string, text: string) => {
      void callback?.(null, { subject, string: () => text } as Msg)
    },
    nats: {
      subscribe: (_subject: string, options?: SubscriptionOptions) => {
        callback = options?.callback
        return {} as ReturnType<AckInboxConnection['subscribe']>
      },
      publish: (_subject: string, _payload?: unknown, options?: { readonly reply?: string }) => {
        replies.push(options?.reply ?? '')
      },
      closed: () => closed.promise,
    } satisfies AckInboxConnection,
  }
}

type AckInboxConnection = ConstructorParameters<typeof AckInbox>[0]

/** What has become of a message by now. */
async function now(message: Promise<unknown>): Promise<unknown> {
  const waiting = vi.advanceTimersByTimeAsync(0).then(() => 'waits')
  return await Promise.race([message.catch(String), waiting.then(() => waiting)])
}

const publish = (inbox: AckInbox) => inbox.publish('subject', '{}', headers())

it('lets go of what was answered: no timer runs for it any more', async () => {
  const { nats, replies, answer } = connection()
  const inbox = new AckInbox(nats, 1_000)
  const first = publish(inbox)
  await vi.advanceTimersByTimeAsync(900)
  const second = publish(inbox)
  answer(replies[0] ?? '', '{"seq":1}')
  answer(replies[1] ?? '', '{"seq":2}')
  expect(await Promise.all([first, second])).toEqual([
    { sequence: 1, isDuplicate: false },
    { sequence: 2, isDuplicate: false },
  ])
  await vi.advanceTimersByTimeAsync(100)
  expect(vi.getTimerCount()).toBe(0)
})

it('gives each message its whole time, and no more', async () => {
  const { nats } = connection()
  const inbox = new AckInbox(nats, 1_000)
  const first = publish(inbox)
  void first.catch(() => undefined)
  await vi.advanceTimersByTimeAsync(600)
  const second = publish(inbox)
  void second.catch(() => undefined)
  await vi.advanceTimersByTimeAsync(400)
  await expect(first).rejects.toThrow('timed out waiting for an answer')
  expect(await now(second)).toBe('waits')
  await vi.advanceTimersByTimeAsync(599)
  expect(await now(second)).toBe('waits')
  await vi.advanceTimersByTimeAsync(1)
  await expect(second).rejects.toThrow('timed out waiting for an answer')
  expect(vi.getTimerCount()).toBe(0)
})

it('waits anew for what is sent after everything was answered', async () => {
  const { nats, replies, answer } = connection()
  const inbox = new AckInbox(nats, 1_000)
  void publish(inbox)
  answer(replies[0] ?? '', '{"seq":1}')
  await vi.advanceTimersByTimeAsync(5_000)
  const late = publish(inbox)
  void late.catch(() => undefined)
  await vi.advanceTimersByTimeAsync(1_000)
  await expect(late).rejects.toThrow('timed out waiting for an answer')
})

it('passes over an answer that nobody waits for, and takes a message for stored only with its number', async () => {
  const { nats, replies, answer } = connection()
  const inbox = new AckInbox(nats, 1_000)
  const message = publish(inbox)
  void message.catch(() => undefined)
  answer('somebody.else', '{"seq":7}')
  expect(await now(message)).toBe('waits')
  answer(replies[0] ?? '', '{"seq":0}')
  await expect(message).rejects.toThrow('unexpected answer: {"seq":0}')
  const refused = publish(inbox)
  void refused.catch(() => undefined)
  answer(replies[1] ?? '', '{"seq":3,"error":{"description":"no space"}}')
  await expect(refused).rejects.toThrow('no space')
  const repeated = publish(inbox)
  answer(replies[2] ?? '', '{"seq":3,"duplicate":true}')
  expect(await repeated).toEqual({ sequence: 3, isDuplicate: true })
})

it.each(['no JSON', 'null', '[]', '{}'])(
  'does not take %s for the answer that a message was stored',
  async (text) => {
    const { nats, replies, answer } = connection()
    const inbox = new AckInbox(nats, 1_000)
    const message = publish(inbox)
    void message.catch(() => undefined)
    answer(replies[0] ?? '', text)
    await expect(message).rejects.toThrow(`unexpected answer: ${text}`)
  },
)

it('has no timer left when the connection is closed', async () => {
  const { nats, close } = connection()
  const inbox = new AckInbox(nats, 1_000)
  const message = publish(inbox)
  close()
  await expect(message).rejects.toThrow('connection closed')
  expect(vi.getTimerCount()).toBe(0)
})
