import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import { compareAnswers } from './compare.ts'
import { Announcements } from './announcements.ts'
import type { Finding, Truth } from './departure.ts'
import { DEPARTURES } from './departures.ts'
import { compareOutputs, outputsByRoom } from './outputs.ts'
import type { RecordedTruth } from './recorded-truth.ts'
import { referencesOf } from './known-events.ts'
import { momentsOf, NEAR } from './moments.ts'
import type { RecordedCall, RecordedLine, Recording } from './recording.ts'

/** What a replay found. */
export interface ReplayResult {
  readonly passed: number
  /** Calls and outputs that differ; one may have several findings. */
  readonly failed: number
  readonly failures: readonly { readonly step: number; readonly finding: Finding }[]
  /** Expected departures: how often each was met. */
  readonly departed: ReadonlyMap<string, number>
  /** All that the server announced. */
  readonly outputs: readonly JsonObject[]
}

/** How the replay reaches the server under test. */
export interface ReplayPort {
  post(path: string, body: string): Promise<{ readonly status: number; readonly body: string }>
  /** All outputs so far, in order; called once, at the end. */
  outputs(expectedCount: number): Promise<readonly JsonObject[]>
  /** Called with which part of the recording is replayed from now on: what lies between two steps. */
  setMoment?(from: number, until: number): void
}

/** Operations whose answers are in a meaningful order. */
const ORDERED = /queryMissingEvents|performBackfill/

/** Gives a recording to a fresh server, line by line, and compares answers and outputs with the recorded ones. */
export async function replay(
  recording: Recording,
  port: ReplayPort,
  truth: RecordedTruth,
): Promise<ReplayResult> {
  const tally = new Tally(truth, recording.lines)
  const moments = momentsOf(recording.lines)
  for (const [index, line] of recording.lines.entries()) {
    port.setMoment?.(line.step, moments.get(line) ?? line.step)
    if (
      line.kind === 'operation' &&
      isDrivenByOthers(line, recording.lines.slice(index + 1, index + 1 + NEAR))
    ) {
      await port.post(line.path, JSON.stringify(line.request))
    } else {
      await replayLine(line, port, tally)
    }
  }
  const expected = new Map(
    recording.lines.flatMap((line) => (line.kind === 'output' ? [[line.payload, line.step] as const] : [])),
  )
  const got = await port.outputs(expected.size)
  tally.announced(got)
  checkOutputs(expected, got, tally)
  for (const [room, after] of truth.announcedWrongly(got)) {
    const finding = {
      of: `resolved state ${after}`,
      request: room,
      problem: 'content',
      expected: null,
      got: null,
    }
    tally.fail(Number.POSITIVE_INFINITY, { ...finding, problem: 'content' })
  }
  return tally
}

/**
 * Operations that are not replayable but whose effect, beside what comes as input, is worked out from what other servers
 * say, and so from the recording: backfill of our own, and rejecting an invite of another server. They are given, and
 * their answers are not compared.
 */
function isDrivenByOthers({ path, request }: RecordedCall, after: readonly RecordedLine[]): boolean {
  if (!isJsonObject(request)) return false
  const calls = after.filter((line) => line.kind === 'federation')
  if (path.endsWith('/performBackfill')) {
    const extremities = request['backwards_extremities']
    const past = new Set(isJsonObject(extremities) ? Object.values(extremities).flatMap(referencesOf) : [])
    const isOf = ({ request: asked }: RecordedCall) =>
      isJsonObject(asked) && referencesOf(asked['EventIDs']).some((id) => past.has(id))
    return calls.some((call) => call.path.endsWith('/client/backfill') && isOf(call))
  }
  const isSameRoom = (asked: JsonValue) => isJsonObject(asked) && asked['room_id'] === request['room_id']
  return (
    path.endsWith('/performLeave') &&
    calls.some((call) => call.path.endsWith('/performLeaveRequest') && isSameRoom(call.request))
  )
}

async function replayLine(line: RecordedLine, port: ReplayPort, tally: Tally): Promise<void> {
  if (line.kind === 'input') {
    const body = JSON.stringify({ input_room_events: [line.input], async: false })
    await port.post('/api/roomserver/inputRoomEvents', body)
    return
  }
  if (line.kind === 'operation' && line.replayable) await replayCall(line, port, tally)
  if (line.kind === 'query' && line.settled) await replayCall(line, port, tally)
}

async function replayCall(call: RecordedCall, port: ReplayPort, tally: Tally): Promise<void> {
  const body = typeof call.request === 'string' ? call.request : JSON.stringify(call.request)
  const answer = await port.post(call.path, body)
  const got = parseAnswer(answer.body)
  const base = {
    of: call.path,
    request: call.request,
    expectedStatus: call.status,
    gotStatus: answer.status,
    expected: call.response,
    got,
  }
  if (answer.status !== call.status) {
    tally.judge(call.step, [{ ...base, problem: 'status' }])
    return
  }
  const differences = compareAnswers(call.response, got, ORDERED.test(call.path))
  tally.judge(
    call.step,
    differences.map((difference) => ({ ...base, problem: 'answer', difference })),
  )
}

function parseAnswer(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return text
  }
}

/** @param expected - the recorded outputs and the step of each */
function checkOutputs(
  expected: ReadonlyMap<JsonObject, number>,
  got: readonly JsonObject[],
  tally: Tally,
): void {
  const gotRooms = outputsByRoom(got)
  const expectedRooms = outputsByRoom([...expected.keys()])
  for (const room of new Set([...expectedRooms.keys(), ...gotRooms.keys()])) {
    const before = expectedRooms.get(room) ?? []
    const differences = compareOutputs(room, before, gotRooms.get(room) ?? [])
    tally.pass(before.length - new Set(differences.map((difference) => difference.key)).size)
    for (const { key, problem, differences: inside, ...sides } of differences) {
      const base = { of: `output ${key}`, request: room, problem, expected: sides.expected, got: sides.got }
      const step = (sides.expected && expected.get(sides.expected)) ?? Number.POSITIVE_INFINITY
      tally.judge(step, inside.length === 0 ? [base] : inside.map((difference) => ({ ...base, difference })))
    }
  }
}

/** Counts what passed, what failed and what departs as expected. */
class Tally implements ReplayResult {
  passed = 0
  failed = 0
  readonly failures: { step: number; finding: Finding }[] = []
  readonly departed = new Map<string, number>()
  outputs: readonly JsonObject[] = []
  readonly #truth: RecordedTruth
  readonly #recorded: Announcements
  #ours = new Announcements([])

  constructor(truth: RecordedTruth, lines: readonly RecordedLine[]) {
    this.#truth = truth
    this.#recorded = new Announcements(
      lines.flatMap((line) => (line.kind === 'output' ? [line.payload] : [])),
    )
  }

  /** What the server under test announced, as soon as it is known. */
  announced(outputs: readonly JsonObject[]): void {
    this.outputs = outputs
    this.#ours = new Announcements(outputs)
  }

  pass(count: number): void {
    this.passed += Math.max(0, count)
  }

  /** A difference that nothing excuses. */
  fail(step: number, finding: Finding): void {
    this.failures.push({ step, finding })
    this.failed++
  }

  judge(step: number, findings: readonly Finding[]): void {
    const resets = [...this.#truth.resets].filter(([, since]) => since <= step).map(([room]) => room)
    const known: Truth = {
      resets,
      stateAfter: (room, ids) => this.#truth.stateAfter(room, ids),
      typesUpTo: (ids) => this.#truth.events.typesUpTo(ids),
      standing: (room) => this.#truth.standingAt(room, step),
      standingAfter: (room, id) => this.#truth.standingAfter(room, id),
      isAccepted: (room, id) => this.#truth.isAccepted(room, id),
      isRefused: (room, id) => this.#truth.isRefused(room, id),
      isBackfilled: (id) => this.#truth.isBackfilled(id),
      isFetched: (id) => this.#truth.isFetched(id),
      recorded: this.#recorded,
      ours: this.#ours,
    }
    let failed = false
    for (const finding of findings) {
      const departure = DEPARTURES.find((candidate) => candidate.applies(finding, known))
      if (departure === undefined) {
        failed = true
        this.failures.push({ step, finding })
      } else {
        this.departed.set(departure.id, (this.departed.get(departure.id) ?? 0) + 1)
      }
    }
    if (failed) this.failed++
    else this.passed++
  }
}

/** One finding as text for people: what was asked, what was expected, what came. */
export function describeFinding(step: number, finding: Finding): string {
  const where = finding.difference === undefined ? '' : ` at ${finding.difference.path || 'the answer'}`
  const expected = finding.difference?.expected ?? finding.expected
  const got = finding.difference === undefined ? finding.got : finding.difference.got
  return [
    `${Number.isFinite(step) ? `step ${step}: ` : ''}${finding.of}: ${finding.problem}${where}`,
    `  asked    ${brief(finding.request)}`,
    `  expected ${finding.expectedStatus ?? ''} ${brief(expected)}`,
    `  got      ${finding.gotStatus ?? ''} ${brief(got)}`,
  ].join('\n')
}

function brief(value: JsonValue | undefined): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  return text.length > 600 ? `${text.slice(0, 600)}… (${text.length} characters)` : text
}
