import { setTimeout as wait } from 'node:timers/promises'
import type { EventSummary, InspectionApi } from '@roomserver/api'
import { escaped } from '@roomserver/inspect'
import { Command } from 'commander'
import { type InspectionOptions, withInspectionOptions } from '../inspect/inspection-options.ts'
import { openInspection } from '../inspect/open-inspection.ts'
import { arrivalsText, eventsText, journalText } from '../inspect/texts.ts'
import { type Terminal, terminalOf } from '../inspect/terminal.ts'

/** How often is looked, in ms. */
const PAUSE_MS = 1_000
/** How many events and changes are shown at once. */
const MOST = 100

/** `roomserver watch` */
export function watchCommand(): Command {
  return withInspectionOptions(
    new Command('watch')
      .argument('[room]', 'a room ID or alias; all rooms without it')
      .description('show events with their verdicts, and changes of the state of rooms, as they come'),
  ).action(watch)
}

async function watch(room: string | undefined, options: InspectionOptions): Promise<void> {
  await using inspection = await openInspection(options)
  const form = { terminal: terminalOf(process.stdout, process.env), isJson: options.json === true }
  if (room === undefined) await watchAll(inspection.api, form)
  else await watchOne(inspection.api, room, form)
}

/** How what comes is written. */
interface Form {
  readonly terminal: Terminal
  readonly isJson: boolean
}

function begin(what: string): void {
  process.stderr.write(`Watching ${escaped(what)}. Ctrl-C ends it.\n`)
}

async function watchAll(api: InspectionApi, { isJson, terminal }: Form): Promise<never> {
  let { next: cursor } = await api.arrivals({ cursor: '', limit: 0 })
  begin('all rooms')
  for (;;) {
    const { arrivals, is_latest: isLatest, next } = await api.arrivals({ cursor, limit: MOST })
    if (isJson) for (const one of arrivals) process.stdout.write(`${JSON.stringify(one)}\n`)
    else if (arrivals.length > 0) process.stdout.write(`${arrivalsText(arrivals, terminal)}\n\n`)
    cursor = next
    if (isLatest) await wait(PAUSE_MS)
  }
}

async function watchOne(api: InspectionApi, room: string, form: Form): Promise<never> {
  let seen = await latest(api, room)
  begin(room)
  for (;;) {
    await wait(PAUSE_MS)
    seen = await showNew(api, room, seen, form)
  }
}

/** The latest event and change that were shown. */
interface Seen {
  readonly event: string
  readonly revision: number
}

async function latest(api: InspectionApi, room: string): Promise<Seen> {
  const [event] = await eventsOf(api, room, 1)
  const [change] = await changesOf(api, room, 1)
  return { event: event?.event_id ?? '', revision: change?.revision ?? 0 }
}

async function showNew(
  api: InspectionApi,
  room: string,
  seen: Seen,
  { isJson, terminal }: Form,
): Promise<Seen> {
  const events = await eventsOf(api, room, MOST)
  const known = events.findIndex(({ event_id: id }) => id === seen.event)
  const fresh = events.slice(0, known < 0 ? MOST : known).toReversed()
  const changes = (await changesOf(api, room, MOST))
    .filter(({ revision }) => revision > seen.revision)
    .toReversed()
  if (isJson) for (const one of [...fresh, ...changes]) process.stdout.write(`${JSON.stringify(one)}\n`)
  else {
    if (fresh.length > 0) process.stdout.write(`${eventsText({ events: fresh, next: '' }, terminal)}\n`)
    if (changes.length > 0) process.stdout.write(`${journalText({ entries: changes, next: '' }, terminal)}\n`)
  }
  return {
    event: fresh.at(-1)?.event_id ?? seen.event,
    revision: changes.at(-1)?.revision ?? seen.revision,
  }
}

async function eventsOf(api: InspectionApi, room: string, limit: number): Promise<readonly EventSummary[]> {
  const any = { search: '', type: '', sender: '', status: '', cursor: '' }
  return (await api.events({ ...any, room_id: room, limit })).events
}

async function changesOf(api: InspectionApi, room: string, limit: number) {
  const any = { resets_only: false, type: '', state_key: '', cursor: '' }
  return (await api.journal({ ...any, room_id: room, limit })).entries
}
