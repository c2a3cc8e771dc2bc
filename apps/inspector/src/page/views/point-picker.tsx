import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'

interface Props {
  readonly label: string
  /** An event ID; empty: the current state. */
  readonly eventId: string
  readonly side: string
  readonly onChange: (eventId: string, side: string) => void
}

/** Chooses a point of the graph: now, or before or after an event. */
export function PointPicker({ eventId, label, onChange, side }: Props): JSX.Element {
  const [typed, setTyped] = useState(eventId)
  useEffect(() => setTyped(eventId), [eventId])
  return (
    <form
      class="point"
      onSubmit={(submitted) => {
        submitted.preventDefault()
        onChange(typed.trim(), side)
      }}
    >
      <label>
        <span>{label}</span>
        <select
          aria-label={`${label}: side of the event`}
          value={eventId === '' && typed === '' ? 'now' : side === 'before' ? 'before' : 'after'}
          onChange={({ currentTarget }) => {
            if (currentTarget.value === 'now') onChange('', 'after')
            else onChange(typed.trim(), currentTarget.value)
          }}
        >
          <option value="now">now</option>
          <option value="before">before</option>
          <option value="after">after</option>
        </select>
      </label>
      <input
        type="text"
        class="event-id"
        aria-label={`${label}: event ID`}
        placeholder="event ID; empty: now"
        value={typed}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
      />
      <button type="submit">Show</button>
    </form>
  )
}
