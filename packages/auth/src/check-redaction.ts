import { checkPdu, type Pdu } from '@roomserver/events'
import { invalidArgument, serverOf, type UserId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { levelNamed, showLevel } from './levels.ts'
import { isOfRoom } from './of-room.ts'
import { powerLevelOf } from './power-level-of.ts'
import { ruleBook } from './rules/book.ts'
import type { RuleKey } from './rules/table.ts'
import { type AuthState, checkState, entryOf } from './state.ts'
import { type AuthRefused, type AuthVerdict, refusedBy } from './verdict.ts'

/** What counts of a redaction. */
type Redaction = Pick<Pdu, 'rules' | 'eventId' | 'roomId' | 'type' | 'sender' | 'redacts'>

/**
 * Says whether a redaction that is allowed in the room takes effect on an event: its sender has the level for it, or is
 * of the same server as the event. (Room versions 1 and 2 compare the servers in the two event IDs, later ones those
 * of the two senders.)
 *
 * @param state - before the redaction; by the state of another room nothing is redacted
 * @throws {RoomserverError} INVALID_ARGUMENT when an argument is something else, such as a client event for the redaction
 * @see https://spec.matrix.org/v1.19/rooms/v3/#handling-redactions
 */
export function checkRedaction(redaction: Redaction, target: Pdu, state: AuthState): AuthVerdict {
  if (typeof redaction?.eventId !== 'string' || redaction.rules === undefined)
    throw invalidArgument('redaction', 'the Pdu of the redaction')
  checkPdu('target', target)
  checkState('state', state)
  const { rules, sender } = redaction
  const events = [target.eventId]
  if (redaction.type !== 'm.room.redaction' || redaction.redacts !== target.eventId) {
    const reason = () => `${redaction.eventId} is no redaction of ${target.eventId}`
    return refusedBy(stepId(rules), reason, events)
  }
  if (redaction.roomId !== target.roomId) {
    const other = target.roomId === '' ? 'an event without a room' : `of another room, ${target.roomId}`
    return refusedBy(stepId(rules), () => `${target.eventId} is ${other}`, events)
  }
  const foreign = levelsIn(state).find((entry) => !isOfRoom(entry, redaction))
  if (foreign !== undefined) {
    const reason = () =>
      `${foreign.eventId} of type ${foreign.type} in the state is of another room or version`
    return refusedBy(stepId(rules), reason, [foreign.eventId])
  }
  const [level, needed] = levelsToRedact(sender, rules, state)
  if (level >= needed) return { allowed: true, rule: stepId(rules, 'level') }
  const [own, others] = serversOf(redaction, target)
  if (own !== undefined && own === others) return { allowed: true, rule: stepId(rules, 'domain') }
  const has = () => `${sender} has level ${showLevel(level)}, redacting needs ${showLevel(needed)}`
  return refusedBy(
    stepId(rules),
    () => `${has()} or an event of ${own ?? 'the same server'}, not ${others}`,
    events,
  )
}

/**
 * Why a user may not redact an event; `undefined`: it is their own, or they have the level to redact those of others. Servers
 * ask that of their own users; a redaction of another user's event takes effect for its sender's server as well.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#redactions
 */
export function redactionRefusal(user: UserId, target: Pdu, state: AuthState): AuthRefused | undefined {
  const { rules } = target
  const [level, needed] = levelsToRedact(user, rules, state)
  if (target.sender === user || level >= needed) return undefined
  const reason = () =>
    `${user} has level ${showLevel(level)}, redacting an event of ${target.sender} needs ${showLevel(needed)}`
  return refusedBy(stepId(rules), reason, [target.eventId])
}

/** The events that say who has which level. */
function levelsIn(state: AuthState): readonly Pdu[] {
  const found = [entryOf(state, 'm.room.create', ''), entryOf(state, 'm.room.power_levels', '')]
  return found.filter((event) => event !== undefined)
}

/** The level of a user, and the one that redacting what others sent takes. */
function levelsToRedact(user: UserId, rules: RoomVersionRules, state: AuthState): readonly [number, number] {
  const powerLevels = entryOf(state, 'm.room.power_levels', '')
  const sources = { rules, create: entryOf(state, 'm.room.create', ''), powerLevels }
  return [powerLevelOf(user, sources), levelNamed(sources, 'redact')]
}

function serversOf(redaction: Redaction, target: Pdu): readonly [string | undefined, string | undefined] {
  const byId = redaction.rules.auth.redactionNeedsPowerOrSameDomain
  return byId
    ? [serverOf(redaction.eventId), serverOf(target.eventId)]
    : [serverOf(redaction.sender), serverOf(target.sender)]
}

/** The steps are authorization rules in versions 1 and 2, and numbered conditions of their own section later. */
function stepId(rules: RoomVersionRules, step?: 'level' | 'domain'): string {
  if (!rules.auth.redactionNeedsPowerOrSameDomain) {
    const number = step === undefined ? '' : step === 'level' ? ' 1' : ' 2'
    return `v${rules.version} handling-redactions${number}`
  }
  const key: RuleKey = step === undefined ? 'redaction/otherwise' : `redaction/${step}`
  return ruleBook(rules).ids[key]
}
