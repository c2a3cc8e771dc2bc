import type { EventId } from '@roomserver/types'
import type { StoredHistory } from './check-events.ts'

/** An output of a room as a consumer got it. */
export interface NumberedOutput {
  readonly seq: number
  /** An OutputEvent as JSON. */
  readonly payload: string
}

interface Announced {
  readonly type: string
  readonly new_room_event?: {
    readonly event: { readonly _event_id: string }
    readonly last_sent_event_id: string
    readonly adds_state_event_ids?: readonly string[]
    readonly removes_state_event_ids?: readonly string[]
  }
  readonly redacted_event?: { readonly RedactedEventID: string }
}

/**
 * Says what is wrong with a room's outputs: each number once and in order, an unbroken chain of `last_sent_event_id`,
 * one `new_room_event` for each accepted event, one `redacted_event` for each redaction that took effect, and changes
 * that add up to the current state.
 *
 * @param outputs - repeats left out, in the order in which they came
 * @param current - event IDs of the current state
 */
export function checkOutputs(
  { room, events }: StoredHistory,
  outputs: readonly NumberedOutput[],
  current: readonly EventId[],
): readonly string[] {
  const problems: string[] = []
  const isInOrder = outputs.every(({ seq }, index) => seq === index + 1)
  if (!isInOrder || outputs.length !== room.outputSeq) {
    problems.push(
      `outputs came as ${outputs.map(({ seq }) => seq).join()} where 1 to ${room.outputSeq} were written`,
    )
  }
  const state = new Set<string>()
  const announced: string[] = []
  const redacted: string[] = []
  for (const { seq, payload } of outputs) {
    const { new_room_event: added, redacted_event: redaction } = JSON.parse(payload) as Announced
    if (redaction !== undefined) redacted.push(redaction.RedactedEventID)
    if (added === undefined) continue
    const last = announced.at(-1) ?? ''
    if (added.last_sent_event_id !== last)
      problems.push(`output ${seq} follows on ${added.last_sent_event_id} and not on ${last}`)
    announced.push(added.event._event_id)
    for (const id of added.removes_state_event_ids ?? [])
      if (!state.delete(id)) problems.push(`output ${seq} takes ${id} away, which was not there`)
    for (const id of added.adds_state_event_ids ?? []) state.add(id)
  }
  const records = [...events.values()]
  const accepted = records.filter(({ verdict }) => verdict === 'accepted')
  const gone = accepted.filter(({ redactedBy }) => redactedBy !== 0)
  const lists = [
    ['announced events', announced, idsOf(accepted)],
    ['redacted events', redacted, idsOf(gone)],
    ['the state by the outputs', [...state], current],
    ['the last event sent', announced.slice(-1), idsOf(records.filter(({ nid }) => nid === room.lastSent))],
  ] satisfies [string, readonly string[], readonly string[]][]
  for (const [what, are, shouldBe] of lists) {
    if (are.toSorted().join() === shouldBe.toSorted().join()) continue
    problems.push(`${what} are [${are.join(' ')}] and not [${shouldBe.join(' ')}]`)
  }
  return problems.map((problem) => `${room.roomId}: ${problem}`)
}

function idsOf(records: readonly { readonly eventId: EventId }[]): readonly EventId[] {
  return records.map(({ eventId }) => eventId)
}
