import type { JSX } from 'preact'
import { useInspected } from '../app/inspection-context.ts'
import { More } from '../app/more.tsx'
import { usePages } from '../app/use-pages.ts'
import { EventLines } from './event-line.tsx'

interface Props {
  readonly roomId: string
  readonly search: string
}

/** Events of the whole room that a search finds, also those whose part of the graph is not loaded. */
export function FoundEvents({ roomId, search }: Props): JSX.Element {
  const { api } = useInspected()
  const pages = usePages(
    async (cursor) => {
      const request = { room_id: roomId, search, type: '', sender: '', status: '', cursor, limit: 200 }
      const { events, next } = await api.events(request)
      return { items: events, next }
    },
    [api, roomId, search],
  )
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Events that were found">
      {pages.items.length > 0 && <EventLines events={pages.items} roomId={roomId} none="" />}
      <More pages={pages} none="No event of the room matches. Event IDs, senders and types are searched." />
    </div>
  )
}
