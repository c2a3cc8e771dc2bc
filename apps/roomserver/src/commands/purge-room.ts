import { setTimeout as pause } from 'node:timers/promises'
import type { AdministrationApi, PurgeRoomResponse, PurgesResponse, PurgeSummary } from '@roomserver/api'
import { RoomserverError } from '@roomserver/types'
import type { Command } from 'commander'
import { bytesText } from '../inspect/texts.ts'
import { administrate, administrating, type AdministrationOptions, type Asked } from './administrate.ts'

interface PurgeOptions extends AdministrationOptions {
  readonly leaveFirst?: true
  readonly force?: true
}

/** How often it is asked how far a purge has come. */
const ASK_MS = 500

/** `roomserver purge-room` */
export function purgeRoomCommand(): Command {
  return administrating('purge-room', 'delete everything that is stored of a room')
    .option('--leave-first', 'take users of this server out of the room before')
    .option('--force', 'delete it although users of this server are in it')
    .action((room: string, options: PurgeOptions) =>
      administrate(options, room, (api, asked) => purged(api, asked, options)),
    )
}

async function purged(
  api: AdministrationApi,
  asked: Asked,
  { leaveFirst, force }: PurgeOptions,
): Promise<string> {
  const answer = await api.purgeRoom({
    ...asked,
    leave_first: leaveFirst === true,
    force: force === true,
  })
  const { room_id: roomId } = asked
  if (asked.dry_run) {
    const state = answer.is_under_way ? ' It is being purged already.' : ''
    return `${whatOf(answer)} of ${roomId} would be deleted; ${answer.local_users} local users are in it.${state}`
  }
  await deleted(api, roomId)
  return `${roomId} is purged: ${whatOf(answer)} are deleted. It can be joined or created again in a minute.`
}

function whatOf({ blocks, bytes, events, outputs, states }: PurgeRoomResponse): string {
  return `${events} events, ${states} states, ${blocks} blocks and ${outputs} outputs (${bytesText(bytes)})`
}

/** Waits until everything is deleted, and says on a terminal how far it is. Without anybody who waits it goes on as well. */
async function deleted(api: AdministrationApi, roomId: string): Promise<void> {
  const begun = performance.now()
  for (;;) {
    const purge = await purgeOf(api, roomId)
    if (purge === undefined || purge.step === 'settling' || purge.step === 'done') break
    if (purge.step === 'refused')
      throw new RoomserverError('NOT_ALLOWED', { rule: 'purgeRoom', reason: purge.reason }, purge.reason)
    if (process.stderr.isTTY)
      process.stderr.write(`\r${progressText(purge, performance.now() - begun)}\u001b[K`)
    await pause(ASK_MS)
  }
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
}

async function purgeOf(api: AdministrationApi, roomId: string): Promise<PurgeSummary | undefined> {
  for (let cursor: string | undefined; cursor !== ''; ) {
    const page: PurgesResponse = await api.purges({ cursor: cursor ?? '', limit: 0 })
    const found = page.purges.find((purge) => purge.room_id === roomId)
    if (found !== undefined) return found
    cursor = page.next
  }
  return undefined
}

function progressText({ deleted_events: done, events, step }: PurgeSummary, tookMs: number): string {
  if (step === 'waiting') return 'waiting until every process refuses events of the room'
  const left = done === 0 ? '' : `, about ${Math.ceil(((tookMs / done) * (events - done)) / 1_000)} s left`
  return `${done} of ${events} events deleted${left}`
}
