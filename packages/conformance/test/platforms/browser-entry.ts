import { compileServerAcl } from '@roomserver/acls'
import { parseServerName } from '@roomserver/types'
import { type CheckedLines, checkLines } from '../../src/vectors/check-lines.ts'
import { FAMILIES } from '../../src/vectors/families.ts'

// Bundled for the browser: what stands here is to be had there as `roomserver`.

/** Checks the rows of a family, fetched as lines of JSON. */
export async function checkFamily(family: string, url: string): Promise<CheckedLines> {
  const check = FAMILIES.get(family)
  if (check === undefined) throw new TypeError(`unknown family ${family}`)
  const text = await (await fetch(url)).text()
  return checkLines(
    text.split('\n').filter((line) => line !== ''),
    check,
  )
}

/** Server ACLs have no vectors: one decision shows that they run. */
export function isDenied(server: string, denied: string): boolean {
  return !compileServerAcl({ allow: ['*'], deny: [denied] })(parseServerName(server)).allowed
}
