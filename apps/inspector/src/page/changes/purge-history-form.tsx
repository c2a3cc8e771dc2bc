import type { HistoryPurgesRequest, HistoryPurgeSummary, PurgeHistoryResponse } from '@roomserver/api'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { RoomChanges } from '../open/server-changes.ts'
import { bytesText, countText } from '../text/time.ts'
import { ChangeForm } from './change-form.tsx'
import type { ChangeProps } from './change-props.ts'
import { PurgeProgress } from './purge-progress.tsx'

const DAY_MS = 86_400_000

/** Deletes the history of a room before an event or an age, and shows how far that is. */
export function PurgeHistoryForm({ changes, requester, roomId }: ChangeProps): JSX.Element {
  const [eventId, setEventId] = useState('')
  const [days, setDays] = useState('90')
  const [isBegun, setBegun] = useState(false)
  const purge = async (isDryRun: boolean): Promise<string> => {
    const answer = await changes.purgeHistory({
      room_id: roomId,
      requester,
      dry_run: isDryRun,
      before_event: eventId,
      older_than_ms: eventId === '' ? Math.round(Number(days) * DAY_MS) : 0,
    })
    if (isDryRun) return `${whatOf(answer)} would be deleted. ${restOf(answer)}`
    setBegun(true)
    return `${whatOf(answer)} are being deleted. ${restOf(answer)}`
  }
  return (
    <>
      <ChangeForm
        title="Purge the history"
        about="Deletes the history of the room. Its state and the latest events stay, and it takes events meanwhile."
        confirm="Delete the history"
        isFinal
        inputs={[requester, eventId, days]}
        change={purge}
      >
        <label>
          <span>Before this event</span>
          <input
            type="text"
            placeholder="$…"
            value={eventId}
            onInput={({ currentTarget }) => setEventId(currentTarget.value.trim())}
          />
        </label>
        <label>
          <span>Or older than so many days</span>
          <input
            type="number"
            min="1"
            value={days}
            disabled={eventId !== ''}
            onInput={({ currentTarget }) => setDays(currentTarget.value)}
          />
        </label>
      </ChangeForm>
      {isBegun && (
        <PurgeProgress
          title="The purge of the history"
          changes={changes}
          roomId={roomId}
          list={historyPurges}
          textOf={progressText}
        />
      )}
    </>
  )
}

const historyPurges = (changes: RoomChanges, page: HistoryPurgesRequest) => changes.historyPurges(page)

function whatOf({ bytes, changes, events, outputs, states }: PurgeHistoryResponse): string {
  return `${countText(events)} events (${bytesText(bytes)}), ${countText(states)} states, ${countText(changes)} journal entries and ${countText(outputs)} outputs`
}

function restOf({ kept_events: kept, local_events: local }: PurgeHistoryResponse): string {
  const stays = `${countText(kept)} events before it stay, which the state or auth chains need.`
  if (local === 0) return stays
  return `${stays} ${countText(local)} of the events are of users of this server: no other server may have them.`
}

function progressText({
  deleted_events: deleted,
  events,
  removed_events: removed,
  step,
}: HistoryPurgeSummary): string {
  if (step === 'removing')
    return `${countText(removed)} of ${countText(events)} events are taken out of the event graph.`
  const done = `${countText(deleted)} of ${countText(events)} events are deleted.`
  return step === 'done' ? `${done} The history is purged.` : done
}
