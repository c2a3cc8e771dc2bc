import type { Pdu } from '@roomserver/events'
import { allow, type AuthContext, refuse } from '../auth-context.ts'
import { creatorsOf } from '../levels.ts'
import type { AuthVerdict } from '../verdict.ts'
import { checkChanges } from './check-changes.ts'
import { malformedLevels } from './malformed-levels.ts'

/**
 * The rules for `m.room.power_levels`.
 *
 * @param level - the sender's
 * @see https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules
 */
export function checkPowerLevels(c: AuthContext, level: number): AuthVerdict {
  const malformed = malformedLevels(c.event.content, c.rules.auth, c.powerLevels === undefined)
  if (malformed !== undefined) return refuse(c, malformed.key, malformed.sentence)
  const named = namedCreator(c.event, c)
  if (named !== undefined) {
    return refuse(c, 'power-levels/creators', () => `${named} is a creator of the room and can have no level`)
  }
  if (c.powerLevels === undefined) return allow(c, 'power-levels/first')
  return checkChanges(c, c.powerLevels, level) ?? allow(c, 'power-levels/otherwise')
}

/** A creator to whom the event gives a level, where creators stand above all levels. */
function namedCreator(event: Pdu, c: AuthContext): string | undefined {
  if (!c.rules.auth.creatorsOutrankAll) return undefined
  const users = event.content['users'] ?? {}
  const creators = creatorsOf(c.create)
  return Object.keys(users).find((user) => creators.has(user))
}
