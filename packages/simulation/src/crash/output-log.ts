import { setTimeout as pause } from 'node:timers/promises'
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { outputStreamName } from '@roomserver/producers'
import { within } from '@roomserver/testing'

/** An output as a consumer got it. */
export interface Taken {
  /** What repeats are known by: the message ID, or the position in the embedded log. */
  readonly id: string
  /** An OutputEvent as JSON. */
  readonly payload: string
}

/** A consumer of the output log that stays on through every crash, and notes all that it gets. */
export interface OutputLog extends AsyncDisposable {
  /** Everything so far, repeats included, in the order in which it came. */
  readonly taken: readonly Taken[]
}

const PAUSE_MS = 50
/** How long a call to the message server, and the end of a reader, may take. */
const TIMEOUT_MS = 5_000
const END_MS = 10_000

/** Reads the embedded log as server-sent events, going on behind the latest after each lost connection. */
export function readEmbeddedLog(url: () => string): OutputLog {
  const stop = new AbortController()
  const taken: Taken[] = []
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await readFrames(url(), taken, stop.signal).catch(() => undefined)
      await pause(PAUSE_MS, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  }
  const running = run()
  return {
    taken,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await within(END_MS, 'the end of the reader of the embedded log', running)
    },
  }
}

async function readFrames(url: string, taken: Taken[], signal: AbortSignal): Promise<void> {
  const latest = taken.at(-1)?.id ?? '0'
  const headers = { 'last-event-id': latest }
  const response = await fetch(`${url}/api/roomserver/outputs`, { headers, signal })
  if (response.status === 410) taken.push({ id: 'trimmed', payload: await response.text() })
  if (response.body === null || !response.ok) return
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of response.body) {
    const frames = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = frames.pop() ?? ''
    for (const frame of frames) {
      const found = /^id: (\d+)\nevent: output\ndata: (.*)$/s.exec(frame)
      if (found !== null) taken.push({ id: found[1] ?? '', payload: found[2] ?? '' })
    }
  }
}

/** Reads JetStream as a durable consumer; the stream has to be there already. */
export async function readJetStream(url: string): Promise<OutputLog> {
  const connection = await connect({
    servers: url,
    timeout: TIMEOUT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  })
  const stream = outputStreamName('Dendrite')
  const manager = await jetstreamManager(connection)
  const durable = 'CrashReader'
  await manager.consumers.add(stream, {
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    max_ack_pending: 1,
  })
  const taken: Taken[] = []
  const stop = new AbortController()
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        const consumer = await jetstream(connection).consumers.get(stream, durable)
        const message = await consumer.next({ expires: 2_000 })
        if (message === null) continue
        taken.push({ id: message.headers?.get('Nats-Msg-Id') ?? '', payload: message.string() })
        await message.ackAck()
      } catch {
        await pause(PAUSE_MS)
      }
    }
  }
  const running = run()
  return {
    taken,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      // A pull that waits for a message server that is gone ends with its connection.
      await within(TIMEOUT_MS, 'the last message', running).catch(() => undefined)
      await within(END_MS, 'the end of the connection to the message server', connection.close())
      await within(END_MS, 'the end of the reader of JetStream', running)
    },
  }
}
