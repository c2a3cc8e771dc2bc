import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { ChangeForm } from './change-form.tsx'
import type { ChangeProps } from './change-props.ts'

/** Gives a user of this server the highest power level that another one may give. */
export function AdminForm({ changes, requester, roomId }: ChangeProps): JSX.Element {
  const [user, setUser] = useState('')
  const makeAdmin = async (isDryRun: boolean): Promise<string> => {
    const request = { room_id: roomId, user_id: user, requester, dry_run: isDryRun }
    const { granted_by: by, level, level_before: before } = await changes.makeRoomAdmin(request)
    if (by === '') return `${user} has the power level ${before} already.`
    return `${by} ${isDryRun ? 'would raise' : 'raised'} the power level of ${user} from ${before} to ${level}.`
  }
  return (
    <ChangeForm
      title="Make a user an admin"
      about="Gives a user of this server the highest power level that another user of this server in the room may give."
      confirm="Change the power levels"
      inputs={[requester, user]}
      change={makeAdmin}
    >
      <UserField user={user} setUser={setUser} label="User" />
    </ChangeForm>
  )
}

/** Sends an event in the name of a user of this server. */
export function SendForm({ changes, requester, roomId }: ChangeProps): JSX.Element {
  const [sender, setSender] = useState('')
  const [type, setType] = useState('m.room.message')
  const [stateKey, setStateKey] = useState<string>()
  const [content, setContent] = useState('{"msgtype":"m.notice","body":""}')
  const send = async (isDryRun: boolean): Promise<string> => {
    const { event_id: id } = await changes.sendEventAs({
      room_id: roomId,
      sender,
      type,
      is_state: stateKey !== undefined,
      state_key: stateKey ?? '',
      content: JSON.parse(content),
      requester,
      dry_run: isDryRun,
    })
    return isDryRun
      ? `${sender} would send ${type}, which the rules allow.`
      : `${sender} sent ${type} (${id}).`
  }
  return (
    <ChangeForm
      title="Send an event"
      about="Sends an event in the name of a user of this server, where the rules of the room allow it."
      confirm="Send the event"
      inputs={[requester, sender, type, stateKey, content]}
      change={send}
    >
      <UserField user={sender} setUser={setSender} label="Sender" />
      <label>
        <span>Type</span>
        <input
          type="text"
          required
          value={type}
          onInput={({ currentTarget }) => setType(currentTarget.value)}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={stateKey !== undefined}
          onChange={({ currentTarget }) => setStateKey(currentTarget.checked ? '' : undefined)}
        />
        State event
      </label>
      {stateKey !== undefined && (
        <label>
          <span>State key</span>
          <input
            type="text"
            value={stateKey}
            onInput={({ currentTarget }) => setStateKey(currentTarget.value)}
          />
        </label>
      )}
      <label class="content">
        <span>Content</span>
        <textarea
          rows={3}
          spellcheck={false}
          value={content}
          onInput={({ currentTarget }) => setContent(currentTarget.value)}
        />
      </label>
    </ChangeForm>
  )
}

function UserField({
  label,
  setUser,
  user,
}: {
  readonly label: string
  readonly user: string
  readonly setUser: (user: string) => void
}): JSX.Element {
  return (
    <label>
      <span>{label}</span>
      <input
        type="text"
        required
        placeholder="@user:server"
        value={user}
        onInput={({ currentTarget }) => setUser(currentTarget.value.trim())}
      />
    </label>
  )
}
