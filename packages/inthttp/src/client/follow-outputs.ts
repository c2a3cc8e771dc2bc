import { setTimeout as delay } from 'node:timers/promises'
import { decode, OutputEvent } from '@roomserver/api'
import { RoomserverError } from '@roomserver/types'
import { parseEventStream, type ServerSentEvent } from './event-stream.ts'

/** From where, and for how long, the output log is followed. */
export interface FollowOptions {
  /** Position of the last output that was dealt with; 0, the default, is before the first. */
  readonly after?: number
  readonly token?: string
  /** Ends the stream. */
  readonly signal?: AbortSignal
}

/** An output of a room server's embedded log. */
export interface FollowedOutput {
  /** To go on behind, later. */
  readonly position: number
  readonly output: OutputEvent
}

const PAUSE_MS = 1_000

/**
 * Follows the embedded output log of a room server: what was put out since a position, and then what comes, in order
 * and without a gap, over as many connections as it takes. Ends when `signal` is aborted.
 *
 * @param url - `http://host:port` of the room server
 * @throws {RoomserverError} COMPONENT_FAILED when the server has no such log or refuses; OUTPUTS_TRIMMED when outputs
 *   after the position have been deleted; OUTPUTS_POSITION_UNKNOWN when the log did not give the position, as after a restore
 *   of its database: read the rooms again, and go on behind `last`
 * @example
 * ```ts
 * import { followOutputs } from '@roomserver/inthttp'
 *
 * for await (const output of followOutputs('http://127.0.0.1:7770', { after: 0 })) console.log(output)
 * ```
 */
export async function* followOutputs(
  url: string,
  options: FollowOptions = {},
): AsyncGenerator<FollowedOutput, void, void> {
  const { signal } = options
  let position = options.after ?? 0
  while (signal?.aborted !== true) {
    const response = await connect(url, position, options)
    if (response !== undefined) {
      try {
        for await (const event of parseEventStream(response.body ?? nothing())) {
          const followed = outputOf(event)
          position = followed.position
          yield followed
        }
      } catch (error) {
        if (error instanceof RoomserverError) throw error
      }
    }
    await delay(PAUSE_MS, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** `undefined`: no connection; worth another try. */
async function connect(url: string, after: number, options: FollowOptions): Promise<Response | undefined> {
  const { token, signal } = options
  let response: Response
  try {
    response = await fetch(`${url}/api/roomserver/outputs?after=${after}`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: signal ?? null,
    })
  } catch {
    return undefined
  }
  if (response.ok) return response
  const text = await response.text().catch(() => '')
  if (response.status === 503) return undefined
  if (response.status === 410) throw trimmed(after, text)
  if (response.status === 409) throw unknownPosition(after, text)
  throw failed(`the server answered with status ${response.status}`)
}

function trimmed(after: number, text: string): RoomserverError {
  const first = Number(/"first":(\d+)/.exec(text)?.[1] ?? after + 2)
  const message = `outputs between ${after} and ${first} have been deleted`
  return new RoomserverError('OUTPUTS_TRIMMED', { after, first }, message)
}

function unknownPosition(after: number, text: string): RoomserverError {
  const numberOf = (name: string): number => Number(new RegExp(`"${name}":(\\d+)`).exec(text)?.[1] ?? 0)
  const details = { after, first: numberOf('first'), last: numberOf('last') }
  const message = `the log has no position ${after}; it ends at ${details.last}`
  return new RoomserverError('OUTPUTS_POSITION_UNKNOWN', details, message)
}

function outputOf({ id, data }: ServerSentEvent): FollowedOutput {
  const decoded = decode(OutputEvent, new TextEncoder().encode(data))
  if (!decoded.ok) throw failed(`could not decode an output: ${decoded.message}`)
  return { position: Number(id), output: decoded.value }
}

function failed(reason: string): RoomserverError {
  const details = { component: 'roomserver', operation: 'outputs', reason }
  return new RoomserverError('COMPONENT_FAILED', details, `could not follow outputs: ${reason}`)
}
