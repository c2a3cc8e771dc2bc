import { stat } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'

/** What a store takes on the disk. */
export interface FileSize {
  readonly bytes: number
  /** Of these, pages that hold nothing. */
  readonly freeBytes: number
}

/** How large the file of a store is that nobody serves. */
export async function fileSize(file: string): Promise<FileSize> {
  using db = new DatabaseSync(file, { readOnly: true })
  const { size, free } = db
    .prepare('select page_size as size, freelist_count as free from pragma_page_size, pragma_freelist_count')
    .get() as { size: number; free: number }
  return { bytes: (await stat(file)).size, freeBytes: size * free }
}

/** Some events of the graph, spread over all of it from a share of its depth on. */
export function someEvents(file: string, fromShare: number, count: number): readonly string[] {
  using db = new DatabaseSync(file, { readOnly: true })
  const { most } = db.prepare('select max(depth) as most from events').get() as { most: number }
  const at = db.prepare(
    'select event_id as id from events where before_nid > 0 and depth >= ? order by depth limit 1',
  )
  const events: string[] = []
  // Evenly spread by depth: there is no index, and there are few of them.
  for (let number = 0; number < count; number++) {
    const share = fromShare + ((1 - fromShare) * number) / count
    const row = at.get(Math.floor(most * share)) as { id: string } | undefined
    if (row !== undefined) events.push(row.id)
  }
  return events
}
