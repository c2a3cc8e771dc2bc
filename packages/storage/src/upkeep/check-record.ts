import { isJsonObject, type EventRecord, NO_NID, type RoomRecord } from '@roomserver/types'
import { type RawBuilder, sql } from 'kysely'
import type { SnapshotNid } from '@roomserver/types'
import { objectIn, type ReadEvent, roomIdIn, textIn } from './event-text.ts'
import type { FindingKind } from './finding.ts'
import type { Strings } from './strings-of.ts'

/** What is wrong about an event, in words that follow its ID. */
export interface WrongInEvent {
  readonly kind: FindingKind
  readonly what: string
  readonly rebuild?: RawBuilder<unknown>
}

/** Compares what is stored of an event with its text, and looks for what contradicts itself in its row. */
export function* wrongInRecord(
  read: ReadEvent,
  room: RoomRecord,
  strings: Strings,
): Generator<WrongInEvent, void, void> {
  const roomId = roomIdIn(read)
  if (roomId !== room.roomId)
    yield {
      kind: 'record',
      what: `is an event of ${roomId ?? 'no room'} by its text, but is stored in this room`,
    }
  yield* wrongNames(read, strings)
  yield* wrongNumbers(read)
  yield* wrongReason(read.event)
  yield* wrongAuthContent(read)
}

function* wrongNames({ event, said }: ReadEvent, { types, keys }: Strings): Generator<WrongInEvent> {
  const { nid, typeNid, stateKeyNid } = event
  const [type, key] = [textIn(said, 'type') ?? '', textIn(said, 'state_key')]
  if (types.get(typeNid) !== type) {
    yield {
      kind: 'record',
      what: `has type ${show(type)}, but ${show(types.get(typeNid))} is stored`,
      rebuild: sql`update events set type_nid = (select nid from event_types where text = ${type})
        where nid = ${nid} and exists (select 1 from event_types where text = ${type})`,
    }
  }
  const stored = keys.get(stateKeyNid)
  const isLost = stateKeyNid !== NO_NID && stored === undefined
  if (stored === key && !isLost) return
  yield {
    kind: 'record',
    what: isLost
      ? `has state key ${show(key)}, but the text of the stored one is lost`
      : `has state key ${show(key)}, but ${show(stored)} is stored`,
    rebuild:
      key === undefined
        ? sql`update events set state_key_nid = 0 where nid = ${nid}`
        : sql`update events set state_key_nid = (select nid from state_keys where text = ${key})
            where nid = ${nid} and exists (select 1 from state_keys where text = ${key})`,
  }
}

const show = (text: string | undefined): string => (text === undefined ? 'none' : JSON.stringify(text))

function* wrongNumbers({ event, said }: ReadEvent): Generator<WrongInEvent> {
  const { nid, depth } = event
  const own = typeof said['depth'] === 'number' ? said['depth'] : 0
  if (!Number.isSafeInteger(own) || own === depth) return
  yield {
    kind: 'record',
    what: `has depth ${own}, but ${depth} is stored`,
    rebuild: sql`update events set depth = ${own} where nid = ${nid}`,
  }
}

/** An accepted event has no reason of a rejection. */
function* wrongReason({ nid, verdict, rule, reason }: EventRecord): Generator<WrongInEvent> {
  if (verdict !== 'accepted' && verdict !== 'outlier') return
  if (rule === undefined && reason === undefined) return
  yield {
    kind: 'record',
    what: `is ${verdict}, but a rule or reason of a rejection is stored`,
    rebuild: sql`update events set rule = null, reason = null where nid = ${nid}`,
  }
}

/** What a redaction took that the rules read is kept of redacted events, and of what is in the text still nothing. */
function* wrongAuthContent({ event, said }: ReadEvent): Generator<WrongInEvent> {
  const { nid, redactedBy, authContent } = event
  if (authContent === undefined) return
  const rebuild = sql`update events set auth_content = '' where nid = ${nid}`
  const kept = objectIn(authContent)?.['content']
  const content = isJsonObject(said['content']) ? said['content'] : {}
  if (redactedBy === NO_NID)
    yield {
      kind: 'record',
      what: 'is not redacted, but has a separate copy of the content that the rules read',
      rebuild,
    }
  else if (!isJsonObject(kept))
    yield {
      kind: 'record',
      what: 'was redacted, but the content kept for the rules cannot be parsed',
      rebuild,
    }
  else if (Object.keys(kept).some((name) => name in content))
    yield {
      kind: 'record',
      what: 'was redacted, but the content kept for the rules is still in its text',
      rebuild,
    }
}

/** Whether an event has the states that its verdict calls for, and they are stored. */
export function wrongStates(event: EventRecord, stored: ReadonlySet<SnapshotNid>): string | undefined {
  for (const [nid, side] of [
    [event.before, 'before'],
    [event.after, 'after'],
  ] as const) {
    if (nid !== NO_NID && !stored.has(nid)) return `has a state ${side} it that is not stored`
  }
  return event.verdict === 'accepted' && (event.before === NO_NID) !== (event.after === NO_NID)
    ? 'has only one of state before and state after'
    : undefined
}
