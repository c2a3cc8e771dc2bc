/** What the layout has to know of a row. */
export interface LaidRow {
  readonly key: string
  readonly parents: readonly string[]
}

/** A line from a row to the next one. */
export interface Segment {
  /** The lane at the upper row, and at the lower one. */
  readonly from: number
  readonly to: number
  /** Segments of one branch have the same. */
  readonly branch: number
}

/** Where everything of a graph is drawn: rows from top to bottom, lanes from left to right. */
export interface GraphLayout {
  /** For each row: its lane. */
  readonly lanes: readonly number[]
  /** For each row: the branch that it is on. */
  readonly branches: readonly number[]
  /** For each row: the lines between it and the next one. */
  readonly segments: readonly (readonly Segment[])[]
  /** How many lanes there are, at most {@link MAX_LANES}. */
  readonly width: number
  /** For each row: predecessors that stand above it, which only a broken graph has; no line leads to them. */
  readonly upward: ReadonlyMap<number, number>
}

/** Lanes that are drawn; what is further right shares the last one, so that a thousand extremities still fit. */
export const MAX_LANES = 40

/** A lane that waits for a row. */
interface Waiting {
  readonly key: string
  readonly branch: number
  /** Where its line is at the row above. */
  from: number
}

/**
 * Puts each row on a lane: the first predecessor goes on below its successor, others get free lanes. A predecessor that is
 * not among the rows has a line to the end.
 *
 * @param rows - successors before predecessors
 */
export function layOut(rows: readonly LaidRow[]): GraphLayout {
  const placed = new Set<string>()
  const waiting: (Waiting[] | undefined)[] = []
  const byKey = new Map<string, number>()
  const lanes: number[] = []
  const branches: number[] = []
  const segments: Segment[][] = []
  const upward = new Map<number, number>()
  let branchCount = 0
  let width = 1

  for (const [index, { key, parents }] of rows.entries()) {
    const own = byKey.get(key)
    const lane = own ?? freeLane(waiting)
    const branch = (own === undefined ? undefined : waiting[own]?.[0]?.branch) ?? branchCount++
    if (index > 0) segments.push(linesBetween(waiting, key, lane))
    byKey.delete(key)
    waiting[lane] = undefined
    placed.add(key)
    lanes.push(Math.min(lane, MAX_LANES - 1))
    branches.push(branch)

    let isFirst = true
    for (const parent of new Set(parents)) {
      if (placed.has(parent)) {
        upward.set(index, (upward.get(index) ?? 0) + 1)
        continue
      }
      const known = byKey.get(parent)
      if (known !== undefined) {
        waiting[known]?.push({ key: parent, branch: isFirst ? branch : branchCount++, from: lane })
      } else {
        const free = waiting[lane] === undefined ? lane : freeLane(waiting)
        waiting[free] = [
          { key: parent, branch: free === lane && isFirst ? branch : branchCount++, from: lane },
        ]
        byKey.set(parent, free)
      }
      isFirst = false
    }
    trim(waiting)
    width = Math.max(width, Math.min(waiting.length, MAX_LANES), Math.min(lane + 1, MAX_LANES))
  }
  segments.push(linesBetween(waiting, undefined, 0))
  return { lanes, branches, segments, width, upward }
}

/** The lines that lead to the row `key` on `lane`, and those that pass it. Afterwards every line is where it was drawn to. */
function linesBetween(waiting: (Waiting[] | undefined)[], key: string | undefined, lane: number): Segment[] {
  const lines: Segment[] = []
  for (const [at, group] of waiting.entries()) {
    if (group === undefined) continue
    const to = group[0]?.key === key ? lane : at
    for (const { branch, from } of group) addLine(lines, { from, to, branch })
    const [first] = group
    if (first !== undefined) {
      first.from = to
      group.length = 1
    }
  }
  return lines
}

/** Lines beyond the last lane are one. */
function addLine(lines: Segment[], { from, to, branch }: Segment): void {
  const last = MAX_LANES - 1
  const line = { from: Math.min(from, last), to: Math.min(to, last), branch }
  if (from > last && to > last && lines.some((other) => other.from === last && other.to === last)) return
  lines.push(line)
}

function freeLane(waiting: readonly (Waiting[] | undefined)[]): number {
  const free = waiting.findIndex((group) => group === undefined)
  return free < 0 ? waiting.length : free
}

function trim(waiting: unknown[]): void {
  while (waiting.length > 0 && waiting.at(-1) === undefined) waiting.pop()
}
