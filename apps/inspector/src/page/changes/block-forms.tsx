import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { countText } from '../text/time.ts'
import { ChangeForm } from './change-form.tsx'
import type { ChangeProps } from './change-props.ts'

/** Has the room take no events any more. */
export function BlockForm({ changes, requester, roomId }: ChangeProps): JSX.Element {
  const [reason, setReason] = useState('')
  const block = async (isDryRun: boolean): Promise<string> => {
    const request = { room_id: roomId, reason, requester, dry_run: isDryRun }
    const { joined_local_members: joined, was_blocked: wasBlocked } = await changes.blockRoom(request)
    const before = wasBlocked ? ' It is blocked already; the reason is a new one.' : ''
    const verb = isDryRun ? 'would take' : 'takes'
    return `The room ${verb} no new events and no joins of users of this server; ${countText(joined)} of them stay in it.${before}`
  }
  return (
    <ChangeForm
      title="Block the room"
      about="New events, of whatever server, and joins and invites of users of this server are refused. Stored events stay."
      confirm="Block the room"
      inputs={[requester, reason]}
      change={block}
    >
      <label>
        <span>Reason</span>
        <input
          type="text"
          maxLength={1_000}
          value={reason}
          onInput={({ currentTarget }) => setReason(currentTarget.value)}
        />
      </label>
    </ChangeForm>
  )
}

/** Takes a block back. */
export function UnblockForm({ changes, requester, roomId }: ChangeProps): JSX.Element {
  const unblock = async (isDryRun: boolean): Promise<string> => {
    const { was_blocked: wasBlocked } = await changes.unblockRoom({
      room_id: roomId,
      requester,
      dry_run: isDryRun,
    })
    if (!wasBlocked) return 'The room is not blocked.'
    return isDryRun ? 'The room would take events again.' : 'The room takes events again.'
  }
  return (
    <ChangeForm
      title="Unblock the room"
      about="Has a blocked room take events again."
      confirm="Unblock the room"
      inputs={[requester]}
      change={unblock}
    />
  )
}

/** Takes all users of this server out. */
export function LeaveForm({
  changes,
  joined,
  roomId,
}: ChangeProps & { readonly joined: number }): JSX.Element {
  const leave = async (isDryRun: boolean): Promise<string> => {
    if (isDryRun) return `${countText(joined)} users of this server would leave the room.`
    const { affected, Error: failure } = await changes.leaveRoom({ room_id: roomId })
    if (failure !== null) throw new Error(failure.Msg)
    return `${countText(affected?.length ?? 0)} users of this server have left the room.`
  }
  return (
    <ChangeForm
      title="Leave the room"
      about="Every user of this server leaves the room."
      confirm="Have all of them leave"
      inputs={[]}
      change={leave}
    />
  )
}
