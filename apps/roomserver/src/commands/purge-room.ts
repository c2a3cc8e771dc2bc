import type { AdministrationApi, PurgeRoomResponse, PurgeSummary } from '@roomserver/api'
import { RoomserverError } from '@roomserver/types'
import type { Command } from 'commander'
import { bytesText } from '../inspect/texts.ts'
import { administrate, administrating, type AdministrationOptions, type Asked } from './administrate.ts'
import { deletionText, followPurge } from './follow-purge.ts'

interface PurgeOptions extends AdministrationOptions {
  readonly leaveFirst?: true
  readonly force?: true
}

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

async function deleted(api: AdministrationApi, roomId: string): Promise<void> {
  const begun = performance.now()
  await followPurge(roomId, {
    list: (page) => api.purges(page),
    isOver: ({ reason, step }) => {
      if (step === 'refused') throw new RoomserverError('NOT_ALLOWED', { rule: 'purgeRoom', reason }, reason)
      return step === 'settling' || step === 'done'
    },
    textOf: (purge) => progressText(purge, performance.now() - begun),
  })
}

function progressText(purge: PurgeSummary, tookMs: number): string {
  if (purge.step === 'waiting') return 'waiting until every process refuses events of the room'
  return deletionText(purge, tookMs)
}
