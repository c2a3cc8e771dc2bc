import type { HistoryPurgeSummary, PurgeHistoryResponse } from '@roomserver/api'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useTicks } from '../app/use-refreshed.ts'
import { Text } from '../text/text.tsx'
import { bytesText, countText } from '../text/time.ts'
import { ChangeForm } from './change-form.tsx'
import type { ChangeProps } from './change-props.ts'

const EVERY_MS = 1_000
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
      {isBegun && <HistoryProgress changes={changes} roomId={roomId} />}
    </>
  )
}

function whatOf({ bytes, changes, events, outputs, states }: PurgeHistoryResponse): string {
  return `${countText(events)} events (${bytesText(bytes)}), ${countText(states)} states, ${countText(changes)} journal entries and ${countText(outputs)} outputs`
}

function restOf({ kept_events: kept, local_events: local }: PurgeHistoryResponse): string {
  const stays = `${countText(kept)} events before it stay, which the state or auth chains need.`
  if (local === 0) return stays
  return `${stays} ${countText(local)} of the events are of users of this server: no other server may have them.`
}

function HistoryProgress({ changes, roomId }: Pick<ChangeProps, 'changes' | 'roomId'>): JSX.Element {
  const ticks = useTicks(EVERY_MS)
  const [purge, setPurge] = useState<HistoryPurgeSummary>()
  useEffect(() => {
    let isWanted = true
    changes.historyPurges({ cursor: '', limit: 1_000 }).then(
      ({ purges }) => isWanted && setPurge(purges.find(({ room_id }) => room_id === roomId)),
      () => undefined,
    )
    return () => {
      isWanted = false
    }
  }, [changes, roomId, ticks])
  return (
    <section class="card" aria-label="The purge of the history">
      <h2>The purge of the history</h2>
      <p role="status">{purge === undefined ? 'Asking the server…' : <Text value={progressText(purge)} />}</p>
      {purge !== undefined && (
        <progress
          aria-label="Deleted events"
          max={Math.max(1, purge.events)}
          value={purge.step === 'done' ? Math.max(1, purge.events) : purge.deleted_events}
        />
      )}
    </section>
  )
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
