import { setTimeout as pause } from 'node:timers/promises'
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, nanos } from '@nats-io/transport-node'
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
  /** How often it was told that outputs were lost before it had read them. */
  readonly refusals: readonly string[]
  /** While it pauses, outputs are left unread. */
  pauses: boolean
  /** Where the log ends and how far the consumer has got, as the server of the log says. */
  position(): Promise<string>
}

const PAUSE_MS = 50
/** How long a call to the message server, and the end of a reader, may take. */
const TIMEOUT_MS = 5_000
const END_MS = 10_000
/**
 * After how long an output comes again whose acknowledgement was lost, as it is with the nats-server that leads the consumer.
 * Nothing else comes until then. The 30 s that JetStream takes by itself are half of what a run waits for outputs.
 */
const ACK_WAIT_MS = 5_000

/**
 * Reads the embedded log as server-sent events, going on behind the latest after each lost connection. Where it is refused
 * it reads the whole log again, which has all of what the rooms are now as long as nothing is trimmed.
 */
export function readEmbeddedLog(url: () => string): OutputLog {
  const stop = new AbortController()
  const taken: Taken[] = []
  const refusals: string[] = []
  let after = '0'
  const log = { taken, refusals, pauses: false, position: async () => `read up to ${after}` }
  const take = (one: Taken): void => {
    after = one.id
    taken.push(one)
  }
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const refusal = await readFrames(url(), after, take, stop.signal).catch(() => undefined)
      if (refusal !== undefined) {
        refusals.push(refusal)
        after = '0'
      }
      await pause(PAUSE_MS, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  }
  const running = run()
  return Object.assign(log, {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await within(END_MS, 'the end of the reader of the embedded log', running)
    },
  })
}

/** @returns what a reader is told that would miss something */
async function readFrames(
  url: string,
  after: string,
  take: (one: Taken) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  const headers = { 'last-event-id': after }
  const response = await fetch(`${url}/api/roomserver/outputs`, { headers, signal })
  if (response.status === 410 || response.status === 409) return await response.text()
  if (response.body === null || !response.ok) return undefined
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of response.body) {
    const frames = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = frames.pop() ?? ''
    for (const frame of frames) {
      const found = /^id: (\d+)\nevent: output\ndata: (.*)$/s.exec(frame)
      if (found !== null) take({ id: found[1] ?? '', payload: found[2] ?? '' })
    }
  }
  return undefined
}

/** Reads JetStream as a durable consumer; the stream has to be there already. */
export async function readJetStream(url: string): Promise<OutputLog> {
  const connection = await connect({
    servers: url.split(','),
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
    ack_wait: nanos(ACK_WAIT_MS),
  })
  const taken: Taken[] = []
  const position = async (): Promise<string> => {
    const { cluster, state } = await manager.streams.info(stream)
    const consumer = await manager.consumers.info(stream, durable)
    const { ack_floor, delivered, num_ack_pending, num_pending, num_waiting } = consumer
    return JSON.stringify({
      stream: { first: state.first_seq, last: state.last_seq, messages: state.messages, cluster },
      consumer: {
        ack_floor,
        delivered,
        num_ack_pending,
        num_pending,
        num_waiting,
        cluster: consumer.cluster,
      },
    })
  }
  const log: Omit<OutputLog, typeof Symbol.asyncDispose> = { taken, refusals: [], pauses: false, position }
  const stop = new AbortController()
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        if (log.pauses) {
          await pause(PAUSE_MS)
          continue
        }
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
  return Object.assign(log, {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      // A pull that waits for a message server that is gone ends with its connection.
      await within(TIMEOUT_MS, 'the last message', running).catch(() => undefined)
      await within(END_MS, 'the end of the connection to the message server', connection.close())
      await within(END_MS, 'the end of the reader of JetStream', running)
    },
  })
}
