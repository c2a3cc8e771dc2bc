import type { PurgesRequest, PurgeSummary } from '@roomserver/api'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { RoomChanges } from '../open/server-changes.ts'
import { bytesText, countText } from '../text/time.ts'
import { ChangeForm } from './change-form.tsx'
import type { ChangeProps } from './change-props.ts'
import { PurgeProgress } from './purge-progress.tsx'

/** Deletes everything that is stored of a room, and shows how far that is. */
export function PurgeForm({ changes, requester, roomId }: ChangeProps): JSX.Element {
  const [leavesFirst, setLeavesFirst] = useState(false)
  const [isForced, setForced] = useState(false)
  const [isBegun, setBegun] = useState(false)
  const purge = async (isDryRun: boolean): Promise<string> => {
    const answer = await changes.purgeRoom({
      room_id: roomId,
      requester,
      dry_run: isDryRun,
      leave_first: leavesFirst,
      force: isForced,
    })
    const { blocks, bytes, events, local_users: users, outputs, states } = answer
    const what = `${countText(events)} events, ${countText(states)} states, ${countText(blocks)} blocks and ${countText(outputs)} outputs (${bytesText(bytes)})`
    if (isDryRun) return `${what} would be deleted. ${usersText(users, leavesFirst, isForced)}`
    setBegun(true)
    return `The room takes no events from now on. ${what} are being deleted.`
  }
  return (
    <>
      <ChangeForm
        title="Purge the room"
        about="Deletes everything that is stored of the room. It can be joined again a minute later."
        confirm="Delete the room"
        isFinal
        inputs={[requester, leavesFirst, isForced]}
        change={purge}
      >
        <label class="check">
          <input
            type="checkbox"
            checked={leavesFirst}
            onChange={({ currentTarget }) => setLeavesFirst(currentTarget.checked)}
          />
          Take users of this server out first
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={isForced}
            onChange={({ currentTarget }) => setForced(currentTarget.checked)}
          />
          Even if users of this server are in it
        </label>
      </ChangeForm>
      {isBegun && (
        <PurgeProgress
          title="The purge"
          changes={changes}
          roomId={roomId}
          list={roomPurges}
          textOf={progressText}
        >
          <p>
            <a href="#/rooms">All rooms</a>
          </p>
        </PurgeProgress>
      )}
    </>
  )
}

const roomPurges = (changes: RoomChanges, page: PurgesRequest) => changes.purges(page)

function usersText(users: number, leavesFirst: boolean, isForced: boolean): string {
  if (users === 0) return 'No user of this server is in it.'
  const are =
    users === 1 ? '1 user of this server is in it' : `${countText(users)} users of this server are in it`
  if (leavesFirst) return `${are} and would be taken out first.`
  return isForced
    ? `${are}, and nobody is told.`
    : `${are}: the server will refuse, unless they are taken out first.`
}

function progressText({ deleted_events: deleted, events, reason, step }: PurgeSummary): string {
  const done = `${countText(deleted)} of ${countText(events)} events are deleted.`
  if (step === 'waiting') return 'Waiting until every process refuses events of the room.'
  if (step === 'refused') return `Refused: ${reason}`
  if (step === 'deleting') return done
  return step === 'settling' ? `${done} The room can be joined again in a minute.` : 'Everything is deleted.'
}
