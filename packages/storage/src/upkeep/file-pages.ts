import type { Dialect, FilePages } from '../dialect/dialect.ts'
import type { Db } from '../schema.ts'

/** The pages of the file; `undefined`: the database is not a file. */
export async function filePages(db: Db, { fileSpace }: Dialect): Promise<FilePages | undefined> {
  return (await fileSpace?.pages.execute(db))?.rows[0]
}

/**
 * Gives pages of the file back to the file system that hold nothing, so many at the most.
 *
 * @returns how many are left
 */
export async function returnPages(db: Db, dialect: Dialect, limit: number): Promise<number> {
  const { fileSpace } = dialect
  if (fileSpace === undefined) return 0
  await fileSpace.giveBack(limit).execute(db)
  const { free = 0 } = (await filePages(db, dialect)) ?? {}
  if (free < limit) await fileSpace.truncate.execute(db)
  return free
}
