import type { JSX } from 'preact'
import { useInspected } from '../app/inspection-context.ts'
import { useLoaded } from '../app/use-loaded.ts'
import { BlockForm, LeaveForm, UnblockForm } from '../changes/block-forms.tsx'
import { PurgeHistoryForm } from '../changes/purge-history-form.tsx'
import { PurgeForm } from '../changes/purge-form.tsx'
import { RepairForm, RetryForm } from '../changes/repair-forms.tsx'
import { useRequester } from '../changes/requester.ts'
import { AdminForm, SendForm } from '../changes/user-forms.tsx'

/** What operators may change of a room, each after a look at what it would do. */
export function ChangesView({ roomId }: { readonly roomId: string }): JSX.Element {
  const { api, changes } = useInspected()
  const [requester, setRequester] = useRequester()
  const loaded = useLoaded(() => api.room({ room_id: roomId }), [api, roomId])
  if (changes === undefined) {
    return (
      <div class="view">
        <p class="none">This server does not allow changes over its API, or a file is being looked at.</p>
      </div>
    )
  }
  const joined = loaded.state === 'ready' ? loaded.value.room.joined_local_members : 0
  const shared = { changes, roomId, requester }
  return (
    <div class="view changes">
      <div class="controls">
        <label>
          <span>Your name, for the audit log</span>
          <input
            type="text"
            value={requester}
            onInput={({ currentTarget }) => setRequester(currentTarget.value)}
          />
        </label>
      </div>
      <div class="cards">
        <BlockForm {...shared} />
        <UnblockForm {...shared} />
        <LeaveForm {...shared} joined={joined} />
        <AdminForm {...shared} />
        <SendForm {...shared} />
        <RetryForm {...shared} />
        <RepairForm {...shared} />
        <PurgeHistoryForm {...shared} />
        <PurgeForm {...shared} />
      </div>
    </div>
  )
}
