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
