import type { JSX } from 'preact'
import type { EventStatus, EventSummary } from '@roomserver/api'

/** The words for how an event stands; `undefined`: accepted, which goes without saying. */
export const STATUS_WORDS: Readonly<Record<EventStatus, string | undefined>> = {
  accepted: undefined,
  'soft-failed': 'soft-failed',
  rejected: 'rejected',
  outlier: 'outlier',
  missing: 'missing',
  unevaluated: 'not evaluated yet',
}

/** An event as a shape, so that nothing is told by colour alone: squares are state, and each status has its own mark. */
export function NodeShape({
  event,
  x,
  y,
}: {
  readonly event: EventSummary
  readonly x: number
  readonly y: number
}): JSX.Element {
  const isState = event.state_key !== null
  switch (event.status) {
    case 'rejected':
      return (
        <g class="node rejected">
          <path class="outline" d={polygon(x, y, 6.5, 8)} />
          <path class="mark" d={`M${x - 2.6} ${y - 2.6}l5.2 5.2m0 -5.2l-5.2 5.2`} />
        </g>
      )
    case 'soft-failed':
      return (
        <g class="node soft-failed">
          <path class="outline" d={`M${x} ${y - 6.5}L${x + 6.5} ${y + 5}H${x - 6.5}Z`} />
          <path class="mark" d={`M${x} ${y - 2.4}v3.2m0 1.4v1`} />
        </g>
      )
    case 'missing':
      return (
        <g class="node missing">
          <rect class="outline" x={x - 5.5} y={y - 5.5} width="11" height="11" rx="2" />
          <path class="mark" d={`M${x - 1.8} ${y - 1.6}a1.8 1.8 0 1 1 1.8 1.9v.8m0 1.4v.6`} />
        </g>
      )
    case 'outlier':
      return (
        <g class="node outlier">
          <circle class="outline" cx={x} cy={y} r="5.5" />
          <circle class="core" cx={x} cy={y} r="1.8" />
        </g>
      )
    case 'unevaluated':
      return (
        <g class="node unevaluated">
          {isState ? (
            <rect class="outline" x={x - 4.5} y={y - 4.5} width="9" height="9" rx="1.5" />
          ) : (
            <circle class="outline" cx={x} cy={y} r="4" />
          )}
        </g>
      )
    case 'accepted':
      return (
        <g class={`node accepted${event.is_redacted ? ' redacted' : ''}`}>
          {isState ? (
            <rect class="body" x={x - 4.5} y={y - 4.5} width="9" height="9" rx="1.5" />
          ) : (
            <circle class="body" cx={x} cy={y} r="4" />
          )}
          {event.is_redacted && <path class="mark" d={`M${x - 6} ${y + 6}l12 -12`} />}
        </g>
      )
  }
}

/** A folded line of events. */
export function FoldShape({ x, y }: { readonly x: number; readonly y: number }): JSX.Element {
  return (
    <g class="node folded">
      <rect class="outline" x={x - 5} y={y - 7} width="10" height="14" rx="5" />
      <path class="mark" d={`M${x} ${y - 3.5}v.1m0 3.4v.1m0 3.4v.1`} />
    </g>
  )
}

function polygon(x: number, y: number, radius: number, corners: number): string {
  const points = Array.from({ length: corners }, (_, corner) => {
    const angle = ((corner + 0.5) / corners) * 2 * Math.PI
    return `${(x + radius * Math.cos(angle)).toFixed(1)} ${(y + radius * Math.sin(angle)).toFixed(1)}`
  })
  return `M${points.join('L')}Z`
}
