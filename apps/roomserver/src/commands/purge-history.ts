import type { AdministrationApi, HistoryPurgeSummary, PurgeHistoryResponse } from '@roomserver/api'
import { RoomserverError } from '@roomserver/types'
import type { Command } from 'commander'
import { bytesText } from '../inspect/texts.ts'
import { administrate, administrating, type AdministrationOptions, type Asked } from './administrate.ts'
import { deletionText, followPurge } from './follow-purge.ts'

interface PurgeHistoryOptions extends AdministrationOptions {
  readonly before?: string
  readonly olderThan?: string
}

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

async function deleted(api: AdministrationApi, roomId: string): Promise<void> {
  await followPurge(roomId, {
    list: (page) => api.historyPurges(page),
    isOver: ({ step }) => step === 'done',
    textOf: progressText,
  })
}

function progressText(purge: HistoryPurgeSummary): string {
  const { events, removed_events: removed, since_ts: since, step } = purge
  if (step === 'removing') return `${removed} of ${events} events taken out of the event graph`
  return deletionText(purge, Date.now() - since)
}
