import type { EventSummary } from '@roomserver/api'
import type { JSX } from 'preact'
import { Text } from '../text/text.tsx'
import { STATUS_WORDS } from './node-shape.tsx'

/** What is said of an event beside what it says itself: status, redaction, its place in the graph. */
export function tagsOf(event: EventSummary, successors = 0): readonly string[] {
  const merges = event.prev_events.length
  return [
    STATUS_WORDS[event.status],
    event.is_redacted ? 'redacted' : undefined,
    event.is_extremity ? 'extremity' : undefined,
    merges > 1 ? `merges ${merges}` : undefined,
    successors > 1 ? `forks ${successors}` : undefined,
  ].filter((tag) => tag !== undefined)
}

/** The tags of an event, each with its mark. */
export function Tags({ tags }: { readonly tags: readonly string[] }): JSX.Element {
  return (
    <span class="tags">
      {tags.map((tag) => (
        <span key={tag} class={`tag ${tag.split(' ')[0]}`}>
          {tag}
        </span>
      ))}
    </span>
  )
}

/** Type and state key of an event. */
export function TypeAndKey({
  event,
}: {
  readonly event: Pick<EventSummary, 'type' | 'state_key'>
}): JSX.Element {
  const { state_key, type } = event
  return (
    <span class="type-and-key">
      <span class="type">
        <Text value={type === '' ? '(not stored)' : type} cut={80} />
      </span>
      {state_key !== null && state_key !== '' && (
        <span class="key">
          <Text value={state_key} cut={80} />
        </span>
      )}
    </span>
  )
}
