/** What a JSON text can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject

/** A JSON object, read only. Objects parsed from foreign text have no prototype surprises: read own members only. */
export interface JsonObject {
  readonly [name: string]: JsonValue | undefined
}

/** Tells whether `value` is a JSON object, and neither a list nor null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Tells whether an argument that should be a JSON object is of no class but `Object`: nothing that it inherits from has a
 * constructor of its own. A `Map` or a `Date` has no members that JSON would have, and would count as empty. Objects of
 * another realm (a frame, a `vm`) have another `Object.prototype`, which is the last in any case.
 */
export function isPlainObject(value: unknown): value is JsonObject {
  if (!isJsonObject(value)) return false
  let prototype: unknown = Object.getPrototypeOf(value)
  while (typeof prototype === 'object' && prototype !== null && prototype !== Object.prototype) {
    const next: unknown = Object.getPrototypeOf(prototype)
    if (next !== null && Object.hasOwn(prototype, 'constructor')) return false
    prototype = next
  }
  return true
}
