import type { JsonValue } from '@roomserver/types'

/** A member that should be text; `''` when it is missing or something else. */
export function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}
