import { trustedPdu } from '@roomserver/events'
import type { EventNid, EventRecord, Logger, RoomRecord } from '@roomserver/types'
import { eventPages } from '../view/event-pages.ts'
import { POLICY_RULE, policyServerAt } from '../decide/policy-server.ts'
import type { RecordStore, RoomStore } from '../ports.ts'
import { rulesOf } from '../output/headered.ts'
import { eventTask } from './event-task.ts'
import type { PolicyChecks } from './policy-checks.ts'
import type { RoomTask } from './room-tasks.ts'

/** What re-evaluating events needs. */
export interface PolicyReevaluatorParts {
  readonly store: Pick<RoomStore, 'eventsOfRoom'> & Pick<RecordStore, 'eventsByNid'>
  readonly checks: Pick<PolicyChecks, 'check'>
  readonly log: Logger
  readonly run: <Result>(task: RoomTask<Result>) => Promise<Result>
}

/** How many events of a room are checked again when its policy server changes: the latest. */
const MAX_REEVALUATED = 100
const PAGE = 500
/** What a question about the room takes while it waits, in bytes. */
const BYTES = 1_000

/**
 * Holds stored events against the policy servers of their rooms, one after the other: those that nobody has been asked about
 * when they came, and, when a room gets another policy server or none, those that failed softly for the one before.
 */
export class PolicyReevaluator {
  readonly #parts: PolicyReevaluatorParts
  readonly #due = new Map<RoomRecord['roomId'], { events: Set<EventNid>; isChanged: boolean }>()
  readonly #running = new Set<Promise<void>>()
  #isClosing = false

  constructor(parts: PolicyReevaluatorParts) {
    this.#parts = parts
  }

  /** @param isChanged - the room has another policy server than before, or none any more */
  due(room: RoomRecord, events: readonly EventNid[], isChanged: boolean): void {
    if (this.#isClosing || (events.length === 0 && !isChanged)) return
    const waiting = this.#due.get(room.roomId)
    for (const event of events) waiting?.events.add(event)
    if (waiting !== undefined) waiting.isChanged ||= isChanged
    if (waiting !== undefined) return
    this.#due.set(room.roomId, { events: new Set(events), isChanged })
    const work = this.#work(room).finally(() => this.#running.delete(work))
    this.#running.add(work)
  }

  /** Waits until nothing is under way any more. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** Begins nothing new and waits for what is under way. */
  async close(): Promise<void> {
    this.#isClosing = true
    await this.settled()
  }

  async #work(room: RoomRecord): Promise<void> {
    const due = this.#due.get(room.roomId)
    try {
      while (due !== undefined && (due.events.size > 0 || due.isChanged) && !this.#isClosing) {
        const events = [...due.events, ...(due.isChanged ? await this.#failedIn(room) : [])]
        due.events.clear()
        due.isChanged = false
        for (const nid of new Set(events)) if (!this.#isClosing) await this.#reevaluate(room, nid)
      }
    } catch (err) {
      this.#parts.log.warn(
        { room_id: room.roomId, err },
        'could not check events with the policy server again',
      )
    } finally {
      this.#due.delete(room.roomId)
    }
  }

  /** The latest events of a room that failed softly for want of the policy server's signature, oldest first. */
  async #failedIn({ nid }: RoomRecord): Promise<readonly EventNid[]> {
    let failed: EventNid[] = []
    for await (const page of eventPages(this.#parts.store, nid, PAGE)) {
      failed = [...failed, ...page.filter(hasFailed).map((event) => event.nid)].slice(-MAX_REEVALUATED)
      if (this.#isClosing) break
    }
    return failed
  }

  /** What comes of it, the event itself shows: it comes in once more, with what was found out. */
  async #reevaluate(room: RoomRecord, nid: EventNid): Promise<void> {
    const { store, checks, run } = this.#parts
    const [record] = await store.eventsByNid([nid])
    if (record === undefined || !hasFailed(record)) return
    const pdu = trustedPdu(record.json, record.eventId, rulesOf(room))
    const policy = await run({
      roomId: room.roomId,
      version: room.version,
      name: `looking for the policy server of ${room.roomId}`,
      bytes: BYTES,
      decide: (draft) => policyServerAt(draft, draft.room.current),
    })
    const checked = policy === undefined ? { pdu } : await checks.check(pdu, policy, true)
    const check = 'check' in checked ? { policy: checked.check } : {}
    await run(eventTask({ kind: 'new', pdu: checked.pdu, sendAsServer: '', ...check }))
  }
}

function hasFailed({ verdict, rule }: EventRecord): boolean {
  return verdict === 'soft-failed' && rule === POLICY_RULE
}
