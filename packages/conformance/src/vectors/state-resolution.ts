import { type Pdu, trustedPdu } from '@roomserver/events'
import { type ChainReading, resolveState, type StateMap, stateEntries, stateMap } from '@roomserver/state'
import { type EventId, isJsonObject } from '@roomserver/types'
import { difference, jsonText, type Row, readRow } from './row.ts'

/** A row of state-resolution.jsonl, read. IDs given beside the events are taken as they stand. */
export interface ResolutionCase {
  readonly version: string
  readonly events: ReadonlyMap<EventId, Pdu>
  readonly rejected: ReadonlySet<EventId>
  readonly sets: readonly StateMap[]
  readonly expected: StateMap
}

/** Checks a row of state-resolution.jsonl; `undefined` when it holds, else a sentence about the difference. */
export function checkStateResolution(row: unknown): string | undefined {
  return checkResolution(row, 'as-deployed')
}

/** {@link checkStateResolution} by one reading of auth chains. */
export function checkResolution(row: unknown, chain: ChainReading): string | undefined {
  const { version, events, expected, rejected, sets } = readResolution(row)
  const { state } = resolveState(sets, {
    version,
    events: (id) => events.get(id),
    isRejected: (id) => rejected.has(id),
    // Some rooms have lost auth events.
    unknownAuthEvents: 'ignored',
    chain,
  })
  return difference('the resolved state', sorted(state), sorted(expected))
}

/** @throws {TypeError} when `row` is not of that family */
export function readResolution(row: unknown): ResolutionCase {
  const read = readRow(row)
  return {
    version: read.text('roomVersion'),
    events: eventsOf(read),
    rejected: new Set(strings(read.member('rejected') ?? [])),
    sets: list(read.member('stateSets')).map(stateOf),
    expected: stateOf(read.member('expected')),
  }
}

function eventsOf(row: Row): ReadonlyMap<EventId, Pdu> {
  const ids = strings(row.member('eventIds'))
  const events = list(row.member('events'))
  return new Map(ids.map((id, index) => [id, trustedPdu(jsonText(events[index]), id, row.rules())]))
}

/** A state as the vectors have it: type NUL state_key → event ID. */
function stateOf(value: unknown): StateMap {
  if (!isJsonObject(value)) throw new TypeError('a state set is not an object')
  return stateMap(
    Object.entries(value).map(([key, event]) => {
      const nul = key.indexOf('\u0000')
      return [key.slice(0, nul), key.slice(nul + 1), text(event)]
    }),
  )
}

function sorted(state: StateMap): readonly string[] {
  return [...stateEntries(state)].map((entry) => entry.join('\u0000')).toSorted()
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('a list is missing')
  return value
}

function strings(value: unknown): readonly string[] {
  return list(value).map(text)
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('an ID is not a string')
  return value
}
