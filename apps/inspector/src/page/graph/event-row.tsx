import type { JSX } from 'preact'
import { memo } from 'preact/compat'
import { Id, Text } from '../text/text.tsx'
import { timeText } from '../text/time.ts'
import { visibleText } from '../text/visible-text.ts'
import { Tags, tagsOf, TypeAndKey } from './event-words.tsx'
import type { GraphRow } from './fold.ts'
import type { Zoom } from './zoom.ts'

interface Props {
  readonly row: GraphRow
  readonly index: number
  readonly count: number
  readonly zoom: Zoom
  readonly gutter: number
  readonly successors: number
  readonly isSelected: boolean
  readonly isAt: boolean
}

/** The ID of a row's element, for `aria-activedescendant`. */
export function rowElementId(index: number): string {
  return `row-${index}`
}

/** A row of the graph in words. */
export const EventRow = memo(function EventRow(props: Props): JSX.Element {
  const { count, gutter, index, isAt, isSelected, row, successors, zoom } = props
  const { rowHeight } = zoom
  const status = row.kind === 'event' ? row.event.status : 'folded'
  return (
    <div
      role="option"
      id={rowElementId(index)}
      class={`row ${zoom.name} ${status}${isAt ? ' at' : ''}`}
      aria-selected={isSelected}
      aria-posinset={index + 1}
      aria-setsize={count}
      aria-label={zoom.name === 'shape' ? labelOf(row) : undefined}
      data-index={index}
      style={{ top: `${index * rowHeight}px`, height: `${rowHeight}px`, paddingInlineStart: `${gutter}px` }}
    >
      {zoom.name !== 'shape' &&
        (row.kind === 'event' ? <EventCells row={row} successors={successors} /> : <FoldCells row={row} />)}
    </div>
  )
})

function EventCells({
  row,
  successors,
}: {
  readonly row: GraphRow & { kind: 'event' }
  readonly successors: number
}): JSX.Element {
  const { event } = row
  return (
    <>
      <span class="cell what">
        <TypeAndKey event={event} />
        {event.status === 'missing' ? <Id value={event.event_id} short={24} /> : null}
        <span class="says">
          <Text value={event.says} cut={160} />
        </span>
        <Tags tags={tagsOf(event, successors)} />
      </span>
      <span class="cell who">
        <Text value={event.sender} cut={60} />
      </span>
      <span class="cell when">{timeText(event.origin_server_ts)}</span>
    </>
  )
}

function FoldCells({ row }: { readonly row: GraphRow & { kind: 'folded' } }): JSX.Element {
  return (
    <span class="cell what">
      <span class="fold-words">{foldWords(row)}</span>
    </span>
  )
}

function foldWords({ events }: GraphRow & { kind: 'folded' }): string {
  const counts = new Map<string, number>()
  for (const { type } of events) counts.set(type, (counts.get(type) ?? 0) + 1)
  const kinds = [...counts].sort(([, a], [, b]) => b - a)
  const named = kinds.slice(0, 3).map(([type, count]) => `${count} × ${visibleText(type.slice(0, 60))}`)
  const others = kinds.length > 3 ? `, and ${kinds.length - 3} other types` : ''
  return `${events.length} events in a line: ${named.join(', ')}${others}`
}

function labelOf(row: GraphRow): string {
  if (row.kind === 'folded') return foldWords(row)
  const { event } = row
  return visibleText(
    [event.type, event.state_key ?? '', event.says, ...tagsOf(event)]
      .filter((part) => part !== '')
      .join(', '),
  )
}
