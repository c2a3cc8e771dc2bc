/** How large rows are drawn: with all they say, in one tight line, or as the shape of the room alone. */
export interface Zoom {
  readonly name: 'large' | 'compact' | 'shape'
  readonly rowHeight: number
  readonly laneWidth: number
}

const LARGE: Zoom = { name: 'large', rowHeight: 30, laneWidth: 16 }
const LARGE_NARROW: Zoom = { name: 'large', rowHeight: 48, laneWidth: 14 }
const COMPACT: Zoom = { name: 'compact', rowHeight: 19, laneWidth: 12 }
const SHAPE: Zoom = { name: 'shape', rowHeight: 6, laneWidth: 8 }

/** From the nearest to the farthest. */
export const ZOOM_NAMES = ['large', 'compact', 'shape'] as const

/** @param isNarrow - on a phone, rows have two lines */
export function zoomOf(name: string | undefined, isNarrow: boolean): Zoom {
  if (name === 'compact') return COMPACT
  if (name === 'shape') return SHAPE
  return isNarrow ? LARGE_NARROW : LARGE
}

/** The next zoom; the same one at the end. */
export function zoomed(name: Zoom['name'], steps: 1 | -1): Zoom['name'] {
  return ZOOM_NAMES[ZOOM_NAMES.indexOf(name) + steps] ?? name
}
