import { setTimeout as pause } from 'node:timers/promises'
import { FAULT_POINTS, type FaultPoint } from '@roomserver/engine'
import type { Pdu } from '@roomserver/events'
import { within } from '@roomserver/testing'
import { type Random, seededRandom } from '@roomserver/testing/reference-resolution'
import { missingEvents } from './check-events.ts'
import { checkRooms, type Evidence } from './check-rooms.ts'
import { randomHistory } from './history.ts'
import { Sender } from './sender.ts'
import type { ServerProcess } from './server-process.ts'

/** What came of a round. */
export interface RoundResult {
  /** How the server ended: at `point:n`, or after some milliseconds. */
  readonly how: string
  /** Whether it ended by itself at the point that it was told. */
  readonly isReached: boolean
  readonly events: number
  readonly retries: number
  readonly problems: readonly string[]
}

/** Points that only the trimmer of the output log passes. */
const TRIM_POINTS: readonly FaultPoint[] = ['trimming', 'trimmed']
/** Those of the way out, which only the relay passes. */
const RELAY_POINTS: readonly FaultPoint[] = ['publishing', 'published', 'dropping', 'dropped']
/** Those that are only passed when the message server has lost something. */
const RESEND_POINTS: readonly FaultPoint[] = ['requeueing', 'requeued']

/** Those that are only passed while a room or its history is purged. */
const PURGE_POINTS: readonly FaultPoint[] = ['purging', 'removing', 'deleting']

const ROOMS = 5
/** How long the load, the senders after they were told to stop, and the checks may take. */
const LOAD_MS = 120_000
const STOP_MS = 150_000
const CHECKS_MS = 300_000

/** Kills a server under load, starts it again, lets the load end, and checks every room of it. */
export async function crashRound(
  server: ServerProcess,
  evidence: Omit<Evidence, 'from'>,
  seed: number,
): Promise<RoundResult> {
  const random = seededRandom(seed)
  const names = Array.from({ length: ROOMS }, (_, number) => `r${seed}-${number}.test`)
  const senders = await Promise.all(names.map((name) => makeSender(name, random(2 ** 31))))
  const fault = randomFault(random, evidence.isEmbedded)
  const how = fault.point ?? `after ${fault.afterMs} ms`
  const from = evidence.log.taken.length

  await server.kill(random(4) === 0 ? 'SIGTERM' : 'SIGKILL')
  const stop = new AbortController()
  const way = { url: () => server.url, stop: stop.signal }
  const isUp = await server.start(fault.point)
  const sending = Promise.all(senders.map(({ sender }) => sender.send(way)))
  const problems: string[] = []
  let isReached = !isUp
  {
    await using ending = new AsyncDisposableStack()
    // Senders go on for as long as nobody answers: they have to be told, however this ends.
    ending.defer(async () => {
      stop.abort()
      await within(STOP_MS, 'the end of the senders', sending)
    })
    if (isUp) isReached = await within(LOAD_MS, `the end ${how}`, crash(server, fault, sending))
    const decided = senders.flatMap(({ sender }) => [...sender.decided])
    problems.push(
      ...(await within(CHECKS_MS, 'the look at what is stored', missingEvents(evidence.storage, decided))),
    )
    await server.start()
    await within(LOAD_MS, 'the end of the load', sending).catch(() => undefined)
  }
  problems.push(...senders.flatMap(({ sender }) => problemsOf(sender)))
  const histories = senders.map(({ history }) => history)
  problems.push(...(await within(CHECKS_MS, 'the checks', checkRooms({ ...evidence, from }, histories))))
  const events = senders.reduce((sum, { history }) => sum + history.length, 0)
  const retries = senders.reduce((sum, { sender }) => sum + sender.retries, 0)
  return { how, isReached, events, retries, problems }
}

/**
 * A room and who sends it.
 *
 * @param name - no two rooms may have the same
 */
export async function makeSender(
  name: string,
  seed: number,
): Promise<{ readonly history: readonly Pdu[]; readonly sender: Sender }> {
  const random = seededRandom(seed)
  const { events } = await randomHistory(name, 20 + random(30), random)
  return { history: events, sender: new Sender(events, random) }
}

/** What a sender met that should not be. */
export function problemsOf(sender: Sender): readonly string[] {
  const unsent = sender.isDone
    ? []
    : [`not all events were taken: ${[...sender.refusals].at(-1) ?? 'no answer'}`]
  return [...unsent, ...sender.surprises.map((answer) => `an answer that nobody expects: ${answer}`)]
}

interface Fault {
  readonly point?: string
  readonly afterMs: number
}

function randomFault(random: Random, isEmbedded: boolean): Fault {
  if (random(3) === 0) return { afterMs: random(700) }
  const elsewhere = [...RESEND_POINTS, ...PURGE_POINTS, ...(isEmbedded ? RELAY_POINTS : TRIM_POINTS)]
  const points = FAULT_POINTS.filter((point) => !elsewhere.includes(point))
  // Early ones more often: work that is done in groups passes a point less often than there are events.
  const nth = 1 + random(1 + random(30))
  return { point: `${points[random(points.length)]}:${nth}`, afterMs: 0 }
}

/** How long the points of the way out may be passed after the load: a relay waits for the lease of the one before. */
const WAY_OUT_MS = 8_000

/** Waits for the end that was chosen; a point that is not passed often enough is left to an ordinary kill. */
async function crash(
  server: ServerProcess,
  { afterMs, point }: Fault,
  sending: Promise<unknown>,
): Promise<boolean> {
  if (point === undefined) {
    await Promise.race([sending, pause(afterMs)])
    await server.kill()
    return true
  }
  const isOnWayOut = RELAY_POINTS.some((name) => point.startsWith(name))
  const end = sending.then(() => pause(isOnWayOut ? WAY_OUT_MS : 0, undefined, { ref: false }))
  let isOver = false
  void end.finally(() => (isOver = true))
  while (server.isRunning && !isOver) await pause(5)
  const isReached = !server.isRunning
  await server.kill()
  return isReached
}
