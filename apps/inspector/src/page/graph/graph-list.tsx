import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { EventRow, rowElementId } from './event-row.tsx'
import { isNotAccepted } from './filter.ts'
import type { GraphRow } from './fold.ts'
import { GraphLines, gutterWidth } from './graph-lines.tsx'
import { layOut } from './lanes.ts'
import type { Zoom } from './zoom.ts'

interface Props {
  readonly rows: readonly GraphRow[]
  readonly zoom: Zoom
  readonly successors: ReadonlyMap<string, number>
  /** The event that is looked at. */
  readonly selected: string | undefined
  /** Whether lines are drawn; a list of events that were searched for has none. */
  readonly hasLines: boolean
  readonly onOpen: (row: GraphRow) => void
  /** The last row is near; `isAsked`: because somebody went on to it. Tells whether more is loaded. */
  readonly onEnd: (isAsked: boolean) => boolean
}

/** Rows that are drawn above and below those that are looked at. */
const OVERSCAN = 12

/**
 * The event graph as a list: one row an event, lines and shapes beside it. Only the rows that are looked at exist, so that
 * it does not matter how many there are.
 */
export function GraphList(props: Props): JSX.Element {
  const { hasLines, onEnd, onOpen, rows, selected, successors, zoom } = props
  const { rowHeight } = zoom
  const box = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  const [height, setHeight] = useState(600)
  const [at, setAt] = useState(0)
  const layout = useMemo(
    () => layOut(hasLines ? rows : rows.map(({ key }) => ({ key, parents: [] }))),
    [rows, hasLines],
  )
  const places = useMemo(() => new Map(rows.map((row, index) => [row.key, index])), [rows])
  const gutter = hasLines ? gutterWidth(layout, zoom) : 2 * zoom.laneWidth

  useLayoutEffect(() => {
    const element = box.current
    if (element === null) return
    const observer = new ResizeObserver(() => setHeight(element.clientHeight))
    observer.observe(element)
    setHeight(element.clientHeight)
    return () => observer.disconnect()
  }, [])

  // Another event was chosen, here or by a link: it is brought into view.
  const selectedPlace = selected === undefined ? undefined : places.get(selected)
  useLayoutEffect(() => {
    if (selectedPlace === undefined) return
    setAt(selectedPlace)
    show(box.current, selectedPlace, rowHeight)
  }, [selectedPlace, rowHeight])

  const first = Math.max(0, Math.floor(top / rowHeight) - OVERSCAN)
  const last = Math.min(rows.length, Math.ceil((top + height) / rowHeight) + OVERSCAN)
  const askedAt = useRef(0)
  useEffect(() => {
    if (last < rows.length - OVERSCAN) return
    const isAsked = top > askedAt.current
    if (onEnd(isAsked) && isAsked) askedAt.current = top
  }, [last, rows.length, top, onEnd])

  const moveTo = (index: number): void => {
    const next = Math.max(0, Math.min(rows.length - 1, index))
    setAt(next)
    show(box.current, next, rowHeight)
  }
  const onKeyDown = (pressed: KeyboardEvent): void => {
    if (pressed.altKey || pressed.ctrlKey || pressed.metaKey) return
    const target = placeAfterKey(pressed.key, at, { rows, places, page: Math.floor(height / rowHeight) })
    const row = rows[at]
    if (target !== undefined) moveTo(target)
    else if ((pressed.key === 'Enter' || pressed.key === ' ') && row !== undefined) onOpen(row)
    else return
    pressed.preventDefault()
  }
  const onClick = ({ target }: MouseEvent): void => {
    const element = target instanceof Element ? target.closest('[data-index]') : null
    const index = Number(element?.getAttribute('data-index') ?? -1)
    const row = rows[index]
    if (row === undefined) return
    setAt(index)
    onOpen(row)
  }
  const drawn = rows.slice(first, last)
  return (
    <div
      ref={box}
      class={`graph-list zoom-${zoom.name}`}
      role="listbox"
      tabIndex={0}
      aria-label="Event graph, newest first"
      aria-activedescendant={at >= first && at < last ? rowElementId(at) : undefined}
      onScroll={({ currentTarget }) => setTop(currentTarget.scrollTop)}
      onKeyDown={onKeyDown}
      onClick={onClick}
    >
      <div class="graph-rows" role="presentation" style={{ height: `${rows.length * rowHeight}px` }}>
        <GraphLines {...{ rows, layout, first, last, zoom, selected }} />
        {drawn.map((row, offset) => (
          <EventRow
            key={row.key}
            row={row}
            index={first + offset}
            count={rows.length}
            zoom={zoom}
            gutter={gutter}
            successors={row.kind === 'event' ? (successors.get(row.key) ?? 0) : 0}
            isSelected={row.key === selected}
            isAt={first + offset === at}
          />
        ))}
      </div>
    </div>
  )
}

function show(box: HTMLElement | null, index: number, rowHeight: number): void {
  if (box === null) return
  const y = index * rowHeight
  if (y < box.scrollTop + rowHeight) box.scrollTop = Math.max(0, y - 2 * rowHeight)
  else if (y + 2 * rowHeight > box.scrollTop + box.clientHeight)
    box.scrollTop = y + 3 * rowHeight - box.clientHeight
}

/** Where a key leads to; `undefined`: it is not a key that moves. */
function placeAfterKey(
  key: string,
  at: number,
  {
    page,
    places,
    rows,
  }: {
    readonly rows: readonly GraphRow[]
    readonly places: ReadonlyMap<string, number>
    readonly page: number
  },
): number | undefined {
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return at + 1
    case 'ArrowUp':
    case 'k':
      return at - 1
    case 'PageDown':
      return at + page
    case 'PageUp':
      return at - page
    case 'Home':
      return 0
    case 'End':
      return rows.length - 1
    case 'ArrowRight':
      return places.get(rows[at]?.parents[0] ?? '') ?? at
    case 'ArrowLeft':
      return successorPlace(rows, at)
    case 'n':
      return notable(rows, at, 1)
    case 'N':
      return notable(rows, at, -1)
    default:
      return undefined
  }
}

function successorPlace(rows: readonly GraphRow[], at: number): number {
  const key = rows[at]?.key ?? ''
  const place = rows.slice(0, at).findLastIndex(({ parents }) => parents.includes(key))
  return place < 0 ? at : place
}

/** The next row whose event was not accepted. */
function notable(rows: readonly GraphRow[], at: number, step: 1 | -1): number {
  for (let index = at + step; index >= 0 && index < rows.length; index += step) {
    const row = rows[index]
    if (row?.kind === 'event' && isNotAccepted(row.event)) return index
  }
  return at
}
