import type { UserId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { type LevelName, levelNamed, levelToSendType } from './levels.ts'
import { powerLevelOf } from './power-level-of.ts'
import type { AuthState } from './state.ts'

/** Who may do what in a room, by the levels in its state. */
export interface Powers {
  /** The level of a user; `Infinity` for creators who stand above all levels. */
  readonly of: (user: UserId) => number
  /** What kicking, banning, inviting or redacting takes, and the defaults; `NaN` for a level that cannot be read. */
  readonly toDo: (action: LevelName) => number
  /** What sending an event of a type takes. */
  readonly toSend: (type: string, kind: 'state' | 'message') => number
}

/** Reads the levels of a state. @see https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels */
export function powersIn(state: AuthState, rules: RoomVersionRules): Powers {
  const powerLevels = state.get('m.room.power_levels', '')
  const sources = { rules, create: state.get('m.room.create', ''), powerLevels }
  return {
    of: (user) => powerLevelOf(user, sources),
    toDo: (action) => levelNamed(sources, action),
    toSend: (type, kind) => levelToSendType(sources, type, kind),
  }
}
