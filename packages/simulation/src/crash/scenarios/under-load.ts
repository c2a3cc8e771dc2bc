import { within } from '@roomserver/testing'
import { seededRandom } from '@roomserver/testing/reference-resolution'
import { checkRooms } from '../check-rooms.ts'
import { makeSender, problemsOf } from '../crash-round.ts'
import type { TestBed } from '../test-bed.ts'
import type { Sender, Way } from '../sender.ts'
import type { Pdu } from '@roomserver/events'

/** What came of a scenario. */
export interface ScenarioResult {
  readonly rooms: number
  readonly events: number
  /** Requests that had to be sent again. */
  readonly retries: number
  /** What servers said when they could not, each once. */
  readonly refusals: ReadonlySet<string>
  readonly problems: readonly string[]
}

/** What is done to servers under load, or why it cannot be done here. */
export interface Scenario {
  readonly name: string
  readonly needs: 'production' | 'embedded' | 'nothing'
  run(testBed: TestBed, seed: number): Promise<ScenarioResult | string>
}

interface Sent {
  readonly history: readonly Pdu[]
  readonly sender: Sender
}

const LANES = 5
/** How long the last rooms may take once all is as it should be. */
const PATIENCE_MS = 120_000
/** How long the disturbance, the senders after they were told to stop, and the checks may take. */
const DISTURBANCE_MS = 300_000
const STOP_MS = 150_000
const CHECKS_MS = 300_000

/** Sends room after room while something is done, lets the last ones end, and checks every room. */
export async function underLoad(
  testBed: TestBed,
  seed: number,
  disturb: () => Promise<void>,
  way: Partial<Way> = {},
): Promise<ScenarioResult> {
  const random = seededRandom(seed)
  const stop = new AbortController()
  const whole: Way = { url: () => testBed.server.url, stop: stop.signal, ...way }
  const from = testBed.log.taken.length
  const sent: Sent[] = []
  let isOver = false
  let made = 0
  const lane = async (): Promise<void> => {
    while (!isOver) {
      const one = await makeSender(`s${seed}-${made++}.test`, random(2 ** 31))
      sent.push(one)
      await one.sender.send(whole)
    }
  }
  const lanes = Promise.all(Array.from({ length: LANES }, lane))
  {
    await using ending = new AsyncDisposableStack()
    // Senders go on for as long as nobody answers: they have to be told, however this ends.
    ending.defer(async () => {
      isOver = true
      stop.abort()
      await within(STOP_MS, 'the end of the senders', lanes)
    })
    await within(DISTURBANCE_MS, 'what is done to the servers', disturb())
    isOver = true
    await within(PATIENCE_MS, 'the end of the load', lanes).catch(() => undefined)
  }
  const histories = sent.map(({ history }) => history)
  const problems = [
    ...sent.flatMap(({ sender }) => problemsOf(sender)),
    ...(await within(CHECKS_MS, 'the checks', checkRooms({ ...testBed, from }, histories))),
  ]
  return {
    rooms: sent.length,
    events: histories.reduce((sum, { length }) => sum + length, 0),
    retries: sent.reduce((sum, { sender }) => sum + sender.retries, 0),
    refusals: new Set(sent.flatMap(({ sender }) => [...sender.refusals])),
    problems,
  }
}
