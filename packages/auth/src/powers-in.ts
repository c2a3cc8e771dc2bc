import { invalidArgument } from '@roomserver/types'
import { checkRules, type RoomVersionRules } from '@roomserver/version'
import { checkSameVersion, type Powers, powersFrom } from './powers.ts'
import { isOfRoom } from './of-room.ts'
import { type AuthState, checkState, entryOf } from './state.ts'

/**
 * Reads the levels of a state. `powersOf` reads them of plain contents.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when the state has no create event, or that is of another room version
 * @see https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels
 */
export function powersIn(state: AuthState, rules: RoomVersionRules): Powers {
  checkState('state', state)
  checkRules('rules', rules)
  const create = entryOf(state, 'm.room.create', '')
  if (create === undefined) throw invalidArgument('state', 'a state with the m.room.create event of the room')
  checkSameVersion('rules', rules, create.rules.version)
  const powerLevels = entryOf(state, 'm.room.power_levels', '')
  if (powerLevels !== undefined && !isOfRoom(powerLevels, create))
    throw invalidArgument('state', `a state of one room; it has the power levels of ${powerLevels.roomId}`)
  return powersFrom({ rules, create, powerLevels })
}
