import { Dice } from '@roomserver/testing'
import { cpuSecondsOf } from '../federated/measure.ts'
import { continuedRoom, give } from './large-room.ts'
import { SERVER_NAME, type ServedRoom } from './served-room.ts'

/** What came of sending messages for some time. */
export interface InputRun {
  readonly events: number
  readonly seconds: number
  /** Of the server, whatever else it did meanwhile. */
  readonly cpuSeconds: number
  /** How long each input took, in milliseconds, sorted. */
  readonly latencies: readonly number[]
}

/** Sends messages to the room one after the other, as fast as they are taken, for as long as it is to. */
export async function sendWhile(server: ServedRoom, isToGoOn: () => boolean): Promise<InputRun> {
  const room = await continuedRoom(server.call, SERVER_NAME)
  const dice = new Dice(2)
  const latencies: number[] = []
  const [began, cpuBefore] = [performance.now(), await cpuSecondsOf(server.pid)]
  while (isToGoOn()) {
    const message = await room.message(dice.pick(room.members), `message ${latencies.length}`)
    const sent = performance.now()
    await give(server.call, SERVER_NAME, [message])
    latencies.push(performance.now() - sent)
  }
  return {
    events: latencies.length,
    seconds: (performance.now() - began) / 1_000,
    cpuSeconds: (await cpuSecondsOf(server.pid)) - cpuBefore,
    latencies: latencies.toSorted((a, b) => a - b),
  }
}

/** The same for a time. */
export function sendFor(server: ServedRoom, seconds: number): Promise<InputRun> {
  const end = performance.now() + seconds * 1_000
  return sendWhile(server, () => performance.now() < end)
}

/** A share of sorted figures that is not greater. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/** CPU time of the server for each event, in milliseconds. */
export const cpuMsPerEvent = ({ cpuSeconds, events }: InputRun): number =>
  (1_000 * cpuSeconds) / Math.max(1, events)
