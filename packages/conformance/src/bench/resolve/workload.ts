import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { type Pdu, parsePdu } from '@roomserver/events'
import { type StateMap, stateEntries, stateMap } from '@roomserver/state'
import type { EventId } from '@roomserver/types'
import { ROOM_VERSIONS, type RoomVersionRules } from '@roomserver/version'

/** What the manifest says of one resolution. */
export interface WorkloadEntry {
  readonly name: string
  readonly room_version: string
  /** File with the events of the room before it forked. */
  readonly base: string
  /** File with the events of the forks. */
  readonly events: string
  /** File that says what each fork's state has other than the base. */
  readonly maps: string
}

/** A resolution to be measured. */
export interface Workload {
  readonly name: string
  readonly rules: RoomVersionRules
  /** The events before the forks, in order. */
  readonly base: readonly Pdu[]
  readonly events: ReadonlyMap<EventId, Pdu>
  /** For each fork: its last event. */
  readonly tips: readonly EventId[]
  /** For each fork: its whole state. */
  readonly sets: readonly StateMap[]
}

/** The resolutions that a folder of workloads holds. */
export function workloadsIn(folder: string): readonly WorkloadEntry[] {
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
    readonly forks: readonly WorkloadEntry[]
  }
  return manifest.forks
}

/** Reads a workload. */
export function readWorkload(folder: string, entry: WorkloadEntry): Workload {
  const rules = ROOM_VERSIONS.get(entry.room_version)
  if (rules === undefined) throw new TypeError(`${entry.name}: unknown room version ${entry.room_version}`)
  const base = readEvents(join(folder, entry.base), rules)
  const forks = readEvents(join(folder, entry.events), rules)
  const state = stateMap(base.flatMap((pdu) => entryOf(pdu)))
  const maps = JSON.parse(readFileSync(join(folder, entry.maps), 'utf8')) as {
    readonly deltas: readonly (readonly (readonly [string, string, EventId])[])[]
  }
  const deltas = maps.deltas.map((delta) => stateMap(delta))
  return {
    name: entry.name,
    rules,
    base,
    events: new Map([...base, ...forks].map((pdu) => [pdu.eventId, pdu])),
    tips: tipsOf(forks),
    sets: deltas.map((delta) => stateMap([...stateEntries(state), ...stateEntries(delta)])),
  }
}

/** The last event of each fork, in the order of the file: forks stand there one after another. */
function tipsOf(forks: readonly Pdu[]): EventId[] {
  const followed = new Set(forks.flatMap(({ prevEvents }) => prevEvents))
  return forks.map(({ eventId }) => eventId).filter((id) => !followed.has(id))
}

function readEvents(file: string, rules: RoomVersionRules): Pdu[] {
  const lines = gunzipSync(readFileSync(file)).toString('utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => parsed(line, rules))
}

function parsed(line: string, rules: RoomVersionRules): Pdu {
  const verdict = parsePdu(line, rules)
  if (!verdict.ok) throw new TypeError(`a workload holds a malformed event: ${verdict.reason}`)
  return verdict.pdu
}

function entryOf({ eventId, stateKey, type }: Pdu): [string, string, EventId][] {
  return stateKey === undefined ? [] : [[type, stateKey, eventId]]
}
