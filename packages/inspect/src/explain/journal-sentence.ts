import type { EventSummary, JournalEntry } from '@roomserver/api'
import { counted, entryName, isPlural, sentence } from './wording.ts'

/** A change of the current state in a sentence. */
export function journalSentence(entry: Omit<JournalEntry, 'says'>): string {
  return `${sentence(whatChanged(entry))} ${becauseOf(entry)}.${resetNote(entry)}`
}

function whatChanged({ from, state_key: stateKey, to, type }: Omit<JournalEntry, 'says'>): string {
  const name = entryName(type, stateKey)
  const was = isPlural(name) ? 'were' : 'was'
  if (to === null) return `${name} ${was} removed${from === null ? '' : ` (${setBy(from)})`}`
  if (from === null) return `${name} ${was} set by ${to.sender} (${to.event_id})`
  return `${name} changed from ${setBy(from)} to ${setBy(to)}`
}

function setBy({ event_id: id, says, sender }: EventSummary): string {
  return `${says === '' ? 'an empty content' : `“${says}”`} by ${sender} (${id})`
}

/** What brought a change about, behind a verb. */
export function becauseOf({
  cause,
  cause_event: event,
  conflicted,
  repaired_by: by,
  to,
}: Omit<JournalEntry, 'says'>): string {
  const id = event?.event_id ?? ''
  switch (cause) {
    case 'event':
      return event !== null && event.event_id === to?.event_id
        ? 'when that event arrived'
        : `when ${id} arrived`
    case 'resolution':
      return `when ${id} brought branches together that had ${counted(conflicted.length, 'event')} for it, and the state resolution decided`
    case 'rewrite':
      return `when the whole state was taken from another server with ${id}`
    case 'repair':
      return `by a repair (${by})`
  }
}

function resetNote({ is_reset: isReset, to }: Omit<JournalEntry, 'says'>): string {
  if (!isReset) return ''
  return to === null
    ? ' This is a state reset: the entry disappeared.'
    : ' This is a state reset: the entry fell back to an older event.'
}
