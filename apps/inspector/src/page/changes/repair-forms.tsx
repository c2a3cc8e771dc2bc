import type {
  RepairedStateEntry,
  RepairRoomRequest,
  RepairRoomResponse,
  RetryMissingEventsResponse,
} from '@roomserver/api'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { countText } from '../text/time.ts'
import { ChangeForm } from './change-form.tsx'
import type { ChangeProps } from './change-props.ts'

/** How many entries, events and servers a sentence names. */
const NAMED = 5

/** Asks other servers again for what events of the room lack. */
export function RetryForm({ changes, requester, roomId }: ChangeProps): JSX.Element {
  const retry = async (isDryRun: boolean): Promise<string> => {
    const answer = await changes.retryMissingEvents({ room_id: roomId, requester, dry_run: isDryRun })
    if (answer.waiting === 0) return 'No event of the room waits for missing events.'
    return isDryRun ? wouldRetry(answer) : retried(answer)
  }
  return (
    <ChangeForm
      title="Ask again for missing events"
      about="Asks other servers for what waiting events of the room lack, also where this server has given up."
      confirm="Ask the other servers"
      inputs={[requester]}
      change={retry}
    />
  )
}

function wouldRetry({ events, waiting }: RetryMissingEventsResponse): string {
  const named = events
    .slice(0, NAMED)
    .map(({ event_id: id, outcome, says }) => `${id} (${outcome}${says === '' ? '' : `: ${says}`})`)
  return `Other servers would be asked for what ${eventsText(waiting)} lack: ${listed(named, waiting)}.`
}

function retried({ events, repaired, waiting }: RetryMissingEventsResponse): string {
  const left = events.filter(({ outcome }) => outcome === 'missing' || outcome === 'failed')
  const named = left.slice(0, NAMED).map(({ event_id: id, says }) => `${id}: ${says}`)
  const still = waiting === repaired ? '' : ` Still waiting: ${listed(named, waiting - repaired)}.`
  return `${countText(repaired)} of ${eventsText(waiting)} do not wait any more.${still}`
}

function eventsText(count: number): string {
  return count === 1 ? '1 event' : `${countText(count)} events`
}

function listed(named: readonly string[], all: number): string {
  return all > named.length
    ? `${named.join('; ')} and ${countText(all - named.length)} others`
    : named.join('; ')
}

type Repair = RepairRoomRequest['repair']

const REPAIRS: Readonly<Record<Repair, string>> = {
  'recompute-state': 'Recompute the state from the forward extremities',
  'prune-extremities': 'Drop stale forward extremities',
  'state-from-servers': 'Take the state that other servers supply',
}

/** Repairs the state or the forward extremities of the room. */
export function RepairForm({ changes, requester, roomId }: ChangeProps): JSX.Element {
  const [repair, setRepair] = useState<Repair>('recompute-state')
  const [server, setServer] = useState('')
  const run = async (isDryRun: boolean): Promise<string> => {
    const answer = await changes.repairRoom({ room_id: roomId, repair, server, requester, dry_run: isDryRun })
    return repairText(answer, repair, isDryRun)
  }
  return (
    <ChangeForm
      title="Repair the state"
      about="For a room whose state is not what its events give. The change is recorded in the journal as a repair."
      confirm="Repair the room"
      inputs={[requester, repair, server]}
      change={run}
    >
      <label>
        <span>Repair</span>
        <select
          value={repair}
          onChange={({ currentTarget }) =>
            setRepair(REPAIR_NAMES.find((name) => name === currentTarget.value) ?? 'recompute-state')
          }
        >
          {REPAIR_NAMES.map((name) => (
            <option key={name} value={name}>
              {REPAIRS[name]}
            </option>
          ))}
        </select>
      </label>
      {repair === 'state-from-servers' && (
        <label>
          <span>Of this server (empty: what most of them supply)</span>
          <input
            type="text"
            value={server}
            onInput={({ currentTarget }) => setServer(currentTarget.value.trim())}
          />
        </label>
      )}
    </ChangeForm>
  )
}

const REPAIR_NAMES: readonly Repair[] = ['recompute-state', 'prune-extremities', 'state-from-servers']

function repairText(answer: RepairRoomResponse, repair: Repair, isDryRun: boolean): string {
  const supplied = repair === 'state-from-servers' ? suppliedText(answer) : ''
  return `${supplied}${differenceText(answer, isDryRun)}`
}

/** What servers supplied, and which state is taken. */
function suppliedText({ failed_servers: failed, servers, states }: RepairRoomResponse): string {
  const texts = states.map(
    (state) => `${state.servers.join(', ')}: ${entriesText(state.changed_entries)} differ.`,
  )
  const failures = failed.slice(0, NAMED).map((one) => `${one.server} supplied none: ${one.reason}.`)
  const taken =
    servers.length === 0
      ? 'No server supplied a usable state.'
      : `The state of ${servers.join(', ')} is taken.`
  return `${[...texts, ...failures, taken].join(' ')} `
}

function differenceText(answer: RepairRoomResponse, isDryRun: boolean): string {
  const { changed_entries: changed, dropped_extremities: dropped, entries } = answer
  if (changed === 0 && dropped.length === 0)
    return isDryRun ? 'Nothing would change.' : 'Nothing had to be changed.'
  const parts: string[] = []
  if (changed > 0) {
    const named = entries.slice(0, NAMED).map(entryText)
    parts.push(
      `${isDryRun ? 'This would change' : 'Changed'} ${entriesText(changed)}: ${listed(named, changed)}.`,
    )
  }
  if (dropped.length > 0) {
    const ends =
      dropped.length === 1 ? '1 forward extremity' : `${countText(dropped.length)} forward extremities`
    const named = listed(dropped.slice(0, NAMED), dropped.length)
    parts.push(`${isDryRun ? 'This would drop' : 'Dropped'} ${ends}: ${named}.`)
  }
  return parts.join(' ')
}

function entryText({ from, state_key: key, to, type }: RepairedStateEntry): string {
  const entry = key === '' ? type : `${type} ${key}`
  return `${entry} from ${from === '' ? 'nothing' : from} to ${to === '' ? 'nothing' : to}`
}

function entriesText(count: number): string {
  return count === 1 ? '1 entry of the state' : `${countText(count)} entries of the state`
}
