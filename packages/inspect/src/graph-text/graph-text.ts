import type { EventSummary } from '@roomserver/api'
import { escaped, shortened } from '../escaped.ts'

/** The forms in which a part of an event graph is written. */
export const GRAPH_FORMATS = ['dot', 'mermaid', 'svg'] as const

/** One of {@link GRAPH_FORMATS}. */
export type GraphFormat = (typeof GRAPH_FORMATS)[number]

/** A part of an event graph as text for other programs. Foreign text stands there escaped. */
export function graphText(events: readonly EventSummary[], format: GraphFormat): string {
  switch (format) {
    case 'dot':
      return dot(events)
    case 'mermaid':
      return mermaid(events)
    case 'svg':
      return svg(events)
  }
}

/** Marks by which events are told apart without colour. */
const MARKS: Readonly<Record<EventSummary['status'], string>> = {
  accepted: '',
  'soft-failed': '~ ',
  rejected: 'x ',
  outlier: 'o ',
  missing: '? ',
  unevaluated: '. ',
}

const MAX_LABEL = 60

/** A label of an event: its mark, type and state key, and sender. */
function labelOf({ event_id: id, sender, state_key: key, status, type }: EventSummary): string {
  if (status === 'missing') return `? missing ${id}`
  const place = key === null || key === '' ? type : `${type} ${key}`
  return `${MARKS[status]}${escaped(shortened(place, MAX_LABEL))} · ${escaped(shortened(sender, MAX_LABEL))}`
}

function dot(events: readonly EventSummary[]): string {
  const quoted = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
  const nodes = events.map((event) => {
    const style =
      event.status === 'accepted' ? '' : `, style=${event.status === 'missing' ? 'dotted' : 'dashed'}`
    const shape = event.state_key === null ? 'ellipse' : 'box'
    const ring = event.is_extremity ? ', peripheries=2' : ''
    return `  ${quoted(event.event_id)} [label=${quoted(labelOf(event))}, shape=${shape}${style}${ring}];`
  })
  const edges = edgesOf(events).map(([from, to]) => `  ${quoted(from)} -> ${quoted(to)};`)
  return ['digraph room {', '  rankdir=BT;', ...nodes, ...edges, '}', ''].join('\n')
}

function mermaid(events: readonly EventSummary[]): string {
  const names = new Map(events.map(({ event_id: id }, at) => [id, `e${at}`]))
  const quoted = (text: string) =>
    `"${text.replaceAll('#', '#35;').replaceAll('"', '#quot;').replaceAll('<', '#lt;').replaceAll('`', '#96;')}"`
  const nodes = events.map((event) => {
    const [open, close] = event.state_key === null ? ['(', ')'] : ['[', ']']
    const style = event.is_extremity ? ':::extremity' : ''
    return `  ${names.get(event.event_id) ?? ''}${open}${quoted(labelOf(event))}${close}${style}`
  })
  const edges = edgesOf(events).map(([from, to]) => `  ${names.get(from) ?? ''} --> ${names.get(to) ?? ''}`)
  return ['flowchart BT', ...nodes, ...edges, '  classDef extremity stroke-width:4px', ''].join('\n')
}

/** The prev events of the events that are shown, as far as these are shown too. */
function edgesOf(events: readonly EventSummary[]): readonly (readonly [string, string])[] {
  const shown = new Set(events.map(({ event_id: id }) => id))
  return events.flatMap(({ event_id: id, prev_events: prev }) =>
    prev.filter((to) => shown.has(to)).map((to) => [id, to] as const),
  )
}

const ROW = 28
const LANE = 18
const RADIUS = 6

/** A line an event, the latest first, with the graph at the left, as version control systems show it. */
function svg(events: readonly EventSummary[]): string {
  const lanes = lanesOf(events)
  const rows = new Map(events.map(({ event_id: id }, row) => [id, row]))
  const at = (id: string) => ({
    x: LANE * ((lanes.get(id) ?? 0) + 1),
    y: ROW * ((rows.get(id) ?? 0) + 1),
  })
  const width = LANE * (Math.max(0, ...lanes.values()) + 2)
  const edges = edgesOf(events).map(([from, to]) => {
    const [start, end] = [at(from), at(to)]
    return `<path d="M${start.x} ${start.y} C${start.x} ${start.y + ROW} ${end.x} ${end.y - ROW} ${end.x} ${end.y}"/>`
  })
  const nodes = events.map((event) => node(event, at(event.event_id), width))
  const size = `width="${width + 700}" height="${ROW * (events.length + 1)}"`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="monospace" font-size="13">`,
    '<g fill="none" stroke="#888">',
    ...edges,
    '</g>',
    ...nodes,
    '</svg>',
    '',
  ].join('\n')
}

function node(
  event: EventSummary,
  { x, y }: { readonly x: number; readonly y: number },
  textX: number,
): string {
  const fill = event.status === 'accepted' ? '#222' : '#fff'
  const dashes = event.status === 'missing' || event.status === 'outlier' ? ' stroke-dasharray="2"' : ''
  const shape =
    event.state_key === null
      ? `<circle cx="${x}" cy="${y}" r="${RADIUS}" fill="${fill}" stroke="#222"${dashes}/>`
      : `<rect x="${x - RADIUS}" y="${y - RADIUS}" width="${2 * RADIUS}" height="${2 * RADIUS}" fill="${fill}" stroke="#222"${dashes}/>`
  const ring = event.is_extremity
    ? `<circle cx="${x}" cy="${y}" r="${RADIUS + 4}" fill="none" stroke="#222"/>`
    : ''
  return `${shape}${ring}<text x="${textX}" y="${y + 4}">${xml(labelOf(event))}<title>${xml(event.event_id)}</title></text>`
}

function xml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** A lane for each branch: an event goes on in the lane of the first event that builds on it. */
function lanesOf(events: readonly EventSummary[]): ReadonlyMap<string, number> {
  const lanes = new Map<string, number>()
  const open: (string | undefined)[] = []
  for (const { event_id: id, prev_events: prev } of events) {
    let lane = open.indexOf(id)
    if (lane < 0) lane = open.includes(undefined) ? open.indexOf(undefined) : open.length
    lanes.set(id, lane)
    for (const [at, waiting] of open.entries()) if (waiting === id) open[at] = undefined
    const [first, ...others] = prev.filter((one) => !open.includes(one) && !lanes.has(one))
    open[lane] = first
    for (const other of others) {
      const free = open.indexOf(undefined)
      open[free < 0 ? open.length : free] = other
    }
  }
  return lanes
}
