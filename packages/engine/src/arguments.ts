import { invalidArgument, isPlainObject, isUserId, type JsonObject, serverOf } from '@roomserver/types'

/** @throws {RoomserverError} INVALID_ARGUMENT, as the other functions here */
export function textArgument(argument: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw invalidArgument(argument, 'a string')
}

/** A JSON object, such as the content of an event. */
export function objectArgument(argument: string, value: unknown): JsonObject {
  if (isPlainObject(value)) return value
  throw invalidArgument(argument, 'an object')
}

/**
 * The options of a method, which may be left out. What stands in their place, and options of another name, such as those of
 * the client API, would be passed over.
 */
export function optionsArgument<Options extends object>(
  value: Options | undefined,
  names: Readonly<Record<keyof Options, true>>,
): Partial<Options> {
  if (value === undefined) return {}
  const unknown = Object.keys(objectArgument('options', value)).find((name) => !Object.hasOwn(names, name))
  if (unknown === undefined) return value
  throw invalidArgument(`options.${unknown}`, `one of the options ${Object.keys(names).join(', ')}`)
}

/** A user of any server. */
export function userArgument(argument: string, value: unknown): string {
  if (typeof value === 'string' && isUserId(value)) return value
  throw invalidArgument(argument, 'a user ID such as @alice:example.org')
}

/** A list whose items `check` looks at. */
export function listArgument<Item>(
  argument: string,
  value: unknown,
  check: (argument: string, value: unknown) => Item,
): readonly Item[] {
  if (Array.isArray(value)) return value.map((item: unknown) => check(argument, item))
  throw invalidArgument(argument, 'a list')
}

/** An alias of one server. */
export function aliasArgument(argument: string, value: unknown, serverName: string): string {
  const isAlias = typeof value === 'string' && value.startsWith('#') && serverOf(value) === serverName
  if (isAlias) return value
  throw invalidArgument(argument, `an alias of this server, such as #tea:${serverName}`)
}

/** A whole number that is not too small. */
export function numberArgument(argument: string, value: unknown, least: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value
  throw invalidArgument(argument, `a whole number from ${least}`)
}
