import type { Pdu } from '@roomserver/events'
import { serverOf } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { showLevel } from './levels.ts'
import { powersIn } from './powers.ts'
import { ruleBook } from './rules/book.ts'
import type { RuleKey } from './rules/table.ts'
import type { AuthState } from './state.ts'
import { type AuthVerdict, refusedBy } from './verdict.ts'

/** What counts of a redaction. */
type Redaction = Pick<Pdu, 'rules' | 'eventId' | 'roomId' | 'type' | 'sender' | 'redacts'>

/**
 * Says whether a redaction that is allowed in the room takes effect on an event: its sender has the level for it, or is
 * of the same server as the event. (Room versions 1 and 2 compare the servers in the two event IDs, later ones those
 * of the two senders.)
 *
 * @param state - before the redaction
 * @see https://spec.matrix.org/v1.19/rooms/v3/#handling-redactions
 */
export function checkRedaction(redaction: Redaction, target: Pdu, state: AuthState): AuthVerdict {
  const { rules, sender } = redaction
  const events = [target.eventId]
  if (redaction.type !== 'm.room.redaction' || redaction.redacts !== target.eventId) {
    const reason = () => `${redaction.eventId} is no redaction of ${target.eventId}`
    return refusedBy(stepId(rules), reason, events)
  }
  if (redaction.roomId !== target.roomId) {
    return refusedBy(stepId(rules), () => `${target.eventId} is of another room, ${target.roomId}`, events)
  }
  const powers = powersIn(state, rules)
  const [level, needed] = [powers.of(sender), powers.toDo('redact')]
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
