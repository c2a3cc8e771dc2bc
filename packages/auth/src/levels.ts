import { isJsonObject, type JsonObject, type JsonValue, type UserId } from '@roomserver/types'
import type { AuthRules, RoomVersionRules } from '@roomserver/version'
import type { AuthContext } from './auth-context.ts'

/** The levels that stand by themselves in `m.room.power_levels`, with their values where they are absent. */
export const DEFAULT_LEVELS = {
  users_default: 0,
  events_default: 0,
  state_default: 50,
  ban: 50,
  redact: 50,
  kick: 50,
  invite: 0,
} as const

/** The name of a level that stands by itself. */
export type LevelName = keyof typeof DEFAULT_LEVELS

/** Every {@link LevelName}, in the order in which the specification lists them. */
export const LEVEL_NAMES = Object.keys(DEFAULT_LEVELS) as readonly LevelName[]

/** White space is what Unicode says, as Python, Go and Rust have it: JavaScript's own differs in U+0085 and U+FEFF. */
const STRINGY = /^\p{White_Space}*([+-]?\d+)\p{White_Space}*$/u

/**
 * Reads a level as the room version does: integers only, or (leniently) also texts of integers, and numbers with the
 * fraction cut off. Those have the range of a 64-bit float; what lies beyond 2^53 is read as the nearest that one holds.
 * `undefined`: there is none. `NaN`: it cannot be read; no comparison with that holds, so whatever asks for such a level
 * is refused.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v1/#mroompower_levels-events-accept-values-as-strings
 */
export function readLevel(value: JsonValue | undefined, rules: AuthRules): number | undefined {
  if (Number.isSafeInteger(value)) return value as number
  if (value === undefined) return undefined
  if (rules.integerPowerLevels) return NaN
  const level = typeof value === 'number' ? Math.trunc(value) : fromText(value)
  return Number.isFinite(level) ? level : NaN
}

/** {@link readLevel} for what is in the state, where leniently `null` counts as absent, as other servers have it. */
function levelInForce(value: JsonValue | undefined, rules: AuthRules): number | undefined {
  return value === null && !rules.integerPowerLevels ? undefined : readLevel(value, rules)
}

function fromText(value: JsonValue): number {
  const digits = typeof value === 'string' ? STRINGY.exec(value)?.[1] : undefined
  return digits === undefined ? NaN : Number(digits)
}

/** The entry of `content[map]` for `key`; own members only, so that no key reads a prototype. */
export function entryIn(content: JsonObject, map: string, key: string): JsonValue | undefined {
  const entries = content[map]
  return isJsonObject(entries) && Object.hasOwn(entries, key) ? entries[key] : undefined
}

/** A level that stands by itself, or its default. */
export function levelNamed(c: Pick<PowerLevelSources, 'powerLevels' | 'rules'>, name: LevelName): number {
  return levelInForce(c.powerLevels?.content[name], c.rules.auth) ?? DEFAULT_LEVELS[name]
}

/** What decides the power level of a user; Pdus have it, and so have the events that clients get. */
export interface PowerLevelSources {
  readonly rules: RoomVersionRules
  readonly create: CreateEvent | undefined
  /** The room's `m.room.power_levels`, if it has them. */
  readonly powerLevels: { readonly content: JsonObject } | undefined
}

/** What counts of an `m.room.create` event. */
export interface CreateEvent {
  readonly sender: UserId
  readonly content: JsonObject
}

/** The power level of a user: `Infinity` for those who stand above all levels, `NaN` when it cannot be read. */
export function levelOf(sources: PowerLevelSources, user: UserId): number {
  const { create, powerLevels, rules } = sources
  if (create !== undefined && rules.auth.creatorsOutrankAll && creatorsOf(create).has(user)) return Infinity
  if (powerLevels === undefined)
    return create !== undefined && user === creatorOf(create, rules.auth) ? 100 : 0
  return (
    levelInForce(entryIn(powerLevels.content, 'users', user), rules.auth) ??
    levelNamed(sources, 'users_default')
  )
}

/** The level that sending this event takes. */
export function levelToSend({
  event,
  powerLevels,
  rules,
}: Pick<AuthContext, 'event' | 'powerLevels' | 'rules'>): number {
  return levelToSendType(
    { powerLevels, rules },
    event.type,
    event.stateKey === undefined ? 'message' : 'state',
  )
}

/** The level that sending an event of a type takes. */
export function levelToSendType(
  c: Pick<PowerLevelSources, 'powerLevels' | 'rules'>,
  type: string,
  kind: 'state' | 'message',
): number {
  const ofType = c.powerLevels && levelInForce(entryIn(c.powerLevels.content, 'events', type), c.rules.auth)
  return ofType ?? levelNamed(c, kind === 'state' ? 'state_default' : 'events_default')
}

/** The user who made the room, from where its version keeps it. */
export function creatorOf(create: CreateEvent, rules: AuthRules): UserId | undefined {
  if (rules.creator === 'sender') return create.sender
  const creator = create.content['creator']
  return typeof creator === 'string' ? creator : undefined
}

const creators = new WeakMap<CreateEvent, ReadonlySet<UserId>>()

/** Everyone who counts as a creator where creators stand above all levels: the sender and `additional_creators`. */
export function creatorsOf(create: CreateEvent): ReadonlySet<UserId> {
  let known = creators.get(create)
  if (known === undefined) {
    const more = create.content['additional_creators']
    known = new Set([
      create.sender,
      ...(Array.isArray(more) ? more.filter((user) => typeof user === 'string') : []),
    ])
    creators.set(create, known)
  }
  return known
}

/** A level for people. */
export function showLevel(level: number): string {
  if (Number.isNaN(level)) return '(unreadable)'
  return level === Infinity ? "above all (creator's)" : String(level)
}
