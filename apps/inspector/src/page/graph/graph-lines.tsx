import type { JSX } from 'preact'
import { memo } from 'preact/compat'
import type { GraphRow } from './fold.ts'
import type { GraphLayout } from './lanes.ts'
import { FoldShape, NodeShape } from './node-shape.tsx'
import type { Zoom } from './zoom.ts'

/** Colours of branches; they tell neighbours apart and mean nothing. */
const BRANCH_COLOURS = 6

interface Props {
  readonly rows: readonly GraphRow[]
  readonly layout: GraphLayout
  readonly first: number
  /** Behind the last one. */
  readonly last: number
  readonly zoom: Zoom
  readonly selected: string | undefined
}

/** How wide the drawing of a layout is. */
export function gutterWidth({ width }: GraphLayout, zoom: Zoom): number {
  return (width + 1) * zoom.laneWidth
}

/** Lines and shapes of the rows that are looked at. Hidden from screen readers: rows say the same in words. */
export const GraphLines = memo(function GraphLines({
  first,
  last,
  layout,
  rows,
  selected,
  zoom,
}: Props): JSX.Element {
  const { laneWidth, rowHeight } = zoom
  const x = (lane: number): number => (lane + 0.8) * laneWidth
  const y = (index: number): number => (index - first + 0.5) * rowHeight
  const lines: JSX.Element[] = []
  const shapes: JSX.Element[] = []
  for (let index = Math.max(0, first - 1); index < last; index++) {
    for (const [at, { branch, from, to }] of (layout.segments[index] ?? []).entries()) {
      const [top, bottom] = [y(index), y(index + 1)]
      const middle = (top + bottom) / 2
      const path =
        from === to
          ? `M${x(from)} ${top}V${bottom}`
          : `M${x(from)} ${top}C${x(from)} ${middle} ${x(to)} ${middle} ${x(to)} ${bottom}`
      lines.push(<path key={`${index}.${at}`} class={`branch${branch % BRANCH_COLOURS}`} d={path} />)
    }
    const row = rows[index]
    const lane = layout.lanes[index] ?? 0
    if (row === undefined || index < first) continue
    const isSelected = row.key === selected
    if (isSelected) shapes.push(<circle key="selected" class="halo" cx={x(lane)} cy={y(index)} r="10" />)
    if (row.kind === 'folded') shapes.push(<FoldShape key={row.key} x={x(lane)} y={y(index)} />)
    else if (zoom.name === 'shape') {
      const { status, state_key } = row.event
      const isPlain = (status === 'accepted' || status === 'unevaluated') && state_key === null
      if (!isPlain || isSelected) {
        shapes.push(<circle key={row.key} class={`dot ${status}`} cx={x(lane)} cy={y(index)} r="2.2" />)
      }
    } else shapes.push(<NodeShape key={row.key} event={row.event} x={x(lane)} y={y(index)} />)
  }
  return (
    <svg
      class="graph-lines"
      aria-hidden="true"
      width={gutterWidth(layout, zoom)}
      height={(last - first) * rowHeight}
      style={{ top: `${first * rowHeight}px` }}
    >
      <g class="lines">{lines}</g>
      <g>{shapes}</g>
    </svg>
  )
})
