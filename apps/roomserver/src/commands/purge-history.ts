import { setTimeout as pause } from 'node:timers/promises'
import type { AdministrationApi, HistoryPurgeSummary, PurgeHistoryResponse } from '@roomserver/api'
import { RoomserverError } from '@roomserver/types'
import type { Command } from 'commander'
import { bytesText } from '../inspect/texts.ts'
import { administrate, administrating, type AdministrationOptions, type Asked } from './administrate.ts'

interface PurgeHistoryOptions extends AdministrationOptions {
  readonly before?: string
  readonly olderThan?: string
}

/** How often it is asked how far a purge has come. */
const ASK_MS = 500

/** `roomserver purge-history` */
export function purgeHistoryCommand(): Command {
  return administrating('purge-history', 'delete the history of a room, whose state and latest events stay')
    .option('--before <event>', 'delete what lies before this event, by depth')
    .option('--older-than <age>', 'delete what is older, such as 90d, 12h or 2w')
    .action((room: string, options: PurgeHistoryOptions) =>
      administrate(options, room, (api, asked) => purged(api, asked, options)),
    )
}

async function purged(
  api: AdministrationApi,
  asked: Asked,
  { before, olderThan }: PurgeHistoryOptions,
): Promise<string> {
  const answer = await api.purgeHistory({
    ...asked,
    before_event: before ?? '',
    older_than_ms: olderThan === undefined ? 0 : ageIn(olderThan),
  })
  const { room_id: roomId } = asked
  if (asked.dry_run) {
    const underWay = answer.is_under_way ? ' Its history is being purged already.' : ''
    return `${whatOf(answer)} of ${roomId} would be deleted.${restOf(answer)}${underWay}`
  }
  await deleted(api, roomId)
  return `The history of ${roomId} is purged: ${whatOf(answer)} are deleted.${restOf(answer)}`
}

function whatOf({ bytes, changes, events, outputs, states }: PurgeHistoryResponse): string {
  return `${events} events (${bytesText(bytes)}), ${states} states, ${changes} journal entries and ${outputs} outputs`
}

function restOf({ kept_events: kept, local_events: local }: PurgeHistoryResponse): string {
  const others =
    local === 0 ? '' : ` ${local} of the events are of users of this server: no other server may have them.`
  return ` ${kept} events before it stay, which the state or auth chains need.${others}`
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 }

/** @throws {RoomserverError} BAD_REQUEST */
function ageIn(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([hdw])$/.exec(text) ?? []
  const ms = UNITS[unit]
  if (count !== undefined && ms !== undefined && Number(count) > 0) return Number(count) * ms
  const expected = 'a number of hours, days or weeks, such as 12h, 90d or 2w'
  throw new RoomserverError(
    'BAD_REQUEST',
    { path: 'older-than', expected },
    `--older-than: expected ${expected}`,
  )
}

/** Waits until it is done, and says on a terminal how far it is. Without anybody who waits it goes on as well. */
async function deleted(api: AdministrationApi, roomId: string): Promise<void> {
  for (;;) {
    const purge = await purgeOf(api, roomId)
    if (purge === undefined || purge.step === 'done') break
    if (process.stderr.isTTY) process.stderr.write(`\r${progressText(purge)}\u001b[K`)
    await pause(ASK_MS)
  }
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
}

async function purgeOf(api: AdministrationApi, roomId: string): Promise<HistoryPurgeSummary | undefined> {
  for (let cursor: string | undefined; cursor !== ''; ) {
    const page = await api.historyPurges({ cursor: cursor ?? '', limit: 0 })
    const found = page.purges.find((purge) => purge.room_id === roomId)
    if (found !== undefined) return found
    cursor = page.next
  }
  return undefined
}

function progressText({
  deleted_events: done,
  events,
  removed_events: removed,
  since_ts: since,
  step,
}: HistoryPurgeSummary): string {
  if (step === 'removing') return `${removed} of ${events} events taken out of the event graph`
  const tookMs = Date.now() - since
  const left = done === 0 ? '' : `, about ${Math.ceil(((tookMs / done) * (events - done)) / 1_000)} s left`
  return `${done} of ${events} events deleted${left}`
}
