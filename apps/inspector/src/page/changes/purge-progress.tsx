import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useTicks } from '../app/use-refreshed.ts'
import type { RoomChanges } from '../open/server-changes.ts'
import { Text } from '../text/text.tsx'

const EVERY_MS = 1_000
const MAX_PURGES = 1_000

/** What is shown of a purge of any kind. */
interface Purge {
  readonly room_id: string
  readonly events: number
  readonly deleted_events: number
  readonly step: string
}

interface PurgeProgressProps<P extends Purge> {
  readonly title: string
  readonly changes: RoomChanges
  readonly roomId: string
  /** Purges of a kind; the same function at every drawing. */
  readonly list: (
    changes: RoomChanges,
    page: { readonly cursor: string; readonly limit: number },
  ) => Promise<{ readonly purges: readonly P[] }>
  readonly textOf: (purge: P) => string
  readonly children?: ComponentChildren
}

/** How far the purge of a room is, asked for again every second. */
export function PurgeProgress<P extends Purge>(props: PurgeProgressProps<P>): JSX.Element {
  const { title, changes, roomId, list, textOf, children } = props
  const ticks = useTicks(EVERY_MS)
  const [purge, setPurge] = useState<P>()
  useEffect(() => {
    let isWanted = true
    list(changes, { cursor: '', limit: MAX_PURGES }).then(
      ({ purges }) => isWanted && setPurge(purges.find(({ room_id }) => room_id === roomId)),
      () => undefined,
    )
    return () => {
      isWanted = false
    }
  }, [changes, list, roomId, ticks])
  return (
    <section class="card" aria-label={title}>
      <h2>{title}</h2>
      <p role="status">{purge === undefined ? 'Asking the server…' : <Text value={textOf(purge)} />}</p>
      {purge !== undefined && (
        <progress
          aria-label="Deleted events"
          max={Math.max(1, purge.events)}
          value={purge.step === 'done' ? Math.max(1, purge.events) : purge.deleted_events}
        />
      )}
      {children}
    </section>
  )
}
