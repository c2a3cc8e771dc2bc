import type { EventId, EventRecord, RoomRecord } from '@roomserver/types'
import { same } from './same.ts'

/** An output of a room as a consumer got it. */
export interface NumberedOutput {
  readonly seq: number
  /** An OutputEvent as JSON. */
  readonly payload: string
}

/** What a server stores of a room. */
export interface StoredRoom {
  readonly room: RoomRecord
  readonly events: readonly EventRecord[]
  /** Event IDs of the current state. */
  readonly current: readonly EventId[]
}

/** An OutputEvent as far as it is checked. */
interface Announced {
  readonly new_room_event?: NewRoomEvent
  readonly old_room_event?: { readonly event: { readonly _event_id: string } }
  readonly redacted_event?: { readonly RedactedEventID: string }
}

interface NewRoomEvent {
  readonly event: { readonly _event_id: string }
  readonly rewrites_state?: boolean
  readonly last_sent_event_id: string
  readonly adds_state_event_ids?: readonly string[]
  readonly removes_state_event_ids?: readonly string[]
}

/**
 * Says what is wrong with a room's outputs: each number once and in order, an unbroken chain of `last_sent_event_id`,
 * each accepted event announced once (again only if the state is rewritten), one `redacted_event` for each redaction that
 * took effect, and changes that add up to the current state. For the redaction of an outlier there may be one, and of one that
 * was soft-failed since: consumers may have seen it as part of a state.
 *
 * @param outputs - repeats left out, in the order in which they came
 * @param isHistory - accepted events that a consumer got as history, so that they need no output
 */
export function checkOutputs(
  { room, events, current }: StoredRoom,
  outputs: readonly NumberedOutput[],
  isHistory: (id: EventId) => boolean = () => false,
): readonly string[] {
  const problems: string[] = []
  const isInOrder = outputs.every(({ seq }, index) => seq === index + 1)
  if (!isInOrder || outputs.length !== room.outputSeq) {
    problems.push(
      `outputs came as ${outputs.map(({ seq }) => seq).join()} where 1 to ${room.outputSeq} were written`,
    )
  }
  const heard = new Heard()
  for (const { seq, payload } of outputs)
    problems.push(...heard.take(JSON.parse(payload) as Announced).map((wrong) => `output ${seq} ${wrong}`))

  const accepted = events.filter(({ verdict }) => verdict === 'accepted')
  const silent = accepted.filter(({ eventId }) => isHistory(eventId) && !heard.announced.has(eventId))
  const due = accepted.filter((record) => !silent.includes(record))
  const redacted = events.filter(
    ({ eventId, redactedBy, verdict }) =>
      redactedBy !== 0 &&
      (verdict === 'accepted' || (UNANNOUNCED.has(verdict) && heard.redacted.has(eventId))),
  )
  const lists = [
    ['announced events', [...heard.announced], idsOf(due)],
    ['redacted events', [...heard.redacted], idsOf(redacted)],
    ['the state by the outputs', [...heard.state], current],
    ['the last event sent', heard.last, idsOf(events.filter(({ nid }) => nid === room.lastSent))],
  ] satisfies [string, readonly string[], readonly string[]][]
  for (const [what, are, shouldBe] of lists) {
    if (same(are.toSorted(), shouldBe.toSorted())) continue
    problems.push(`${what} are [${are.join(' ')}] and not [${shouldBe.join(' ')}]`)
  }
  return problems.map((problem) => `${room.roomId}: ${problem}`)
}

const UNANNOUNCED: ReadonlySet<string> = new Set(['outlier', 'soft-failed'])

/** What a consumer knows of a room by the outputs alone. */
class Heard {
  readonly announced = new Set<string>()
  readonly redacted = new Set<string>()
  readonly state = new Set<string>()
  /** The event of the last `new_room_event`, if there was one. */
  last: readonly string[] = []

  /** Takes the next output in. Returns what is wrong with it. */
  take({ new_room_event: added, old_room_event: old, redacted_event: redaction }: Announced): string[] {
    if (redaction !== undefined) {
      const id = redaction.RedactedEventID
      if (this.redacted.has(id)) return [`redacts ${id} again`]
      this.redacted.add(id)
    }
    if (old !== undefined) return this.#announce(old.event._event_id, false)
    return added === undefined ? [] : this.#takeNew(added)
  }

  #takeNew(added: NewRoomEvent): string[] {
    const id = added.event._event_id
    const isAnew = added.rewrites_state === true
    const problems = this.#announce(id, isAnew)
    const [last = ''] = this.last
    if (added.last_sent_event_id !== last)
      problems.push(`follows on ${added.last_sent_event_id} and not on ${last}`)
    this.last = [id]
    if (isAnew) this.state.clear()
    for (const gone of added.removes_state_event_ids ?? [])
      if (!this.state.delete(gone) && !isAnew) problems.push(`takes ${gone} away, which was not there`)
    for (const come of added.adds_state_event_ids ?? []) this.state.add(come)
    return problems
  }

  #announce(id: string, mayRepeat: boolean): string[] {
    const isRepeat = this.announced.has(id)
    this.announced.add(id)
    return isRepeat && !mayRepeat ? [`announces ${id} again`] : []
  }
}

function idsOf(records: readonly EventRecord[]): readonly EventId[] {
  return records.map(({ eventId }) => eventId)
}
