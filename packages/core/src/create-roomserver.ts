import { randomInt } from 'node:crypto'
import type { AppserviceApi, FederationApi, RoomserverApi, UserApi } from '@roomserver/api'
import type { SigningKey } from '@roomserver/events'
import type { Clock, Logger, ServerName } from '@roomserver/types'
import type { RoomInput } from './input/create-input.ts'
import { createPerforms } from './perform/create-performs.ts'
import { Turns } from './perform/turns.ts'
import type { Store } from './ports.ts'
import type { Compatibility } from './query/context.ts'
import { createQueries } from './query/create-queries.ts'
import type { Pieces } from './view/pieces.ts'
import { watchedStore } from './view/watched-store.ts'

/** What the room server is put together from. */
export interface RoomserverDeps {
  readonly store: Store
  /** Shared with the input. */
  readonly pieces: Pieces
  readonly input: Pick<RoomInput, 'inputRoomEvents' | 'runTask' | 'takeIn'>
  readonly clock: Clock
  readonly log: Logger
  /** Name of this server. */
  readonly serverName: ServerName
  /** Signs the events that it makes itself. */
  readonly signingKey: SigningKey
  /** Other components; what needs one that is not there is refused, in words that say so. */
  readonly federation?: FederationApi | undefined
  readonly user?: UserApi | undefined
  readonly appservice?: AppserviceApi | undefined
  /** Makes IDs, of so many letters and digits; ones that nobody can guess unless given. A simulation repeats itself with its own. */
  readonly randomId?: ((length: number) => string) | undefined
}

/** How the room server behaves. */
export interface RoomserverOptions {
  /** Which room versions are announced; `current` unless said otherwise. */
  readonly compatibility?: Compatibility
}

/** All operations of the internal API, in process. */
export function createRoomserver(deps: RoomserverDeps, options: RoomserverOptions = {}): RoomserverApi {
  const { input, federation, user, appservice, randomId = unguessableId, ...parts } = deps
  const store = watchedStore(parts.store, parts.pieces)
  const context = { ...parts, store, appservice, compatibility: options.compatibility ?? 'current' }
  return {
    inputRoomEvents: (request) => input.inputRoomEvents(request),
    ...createQueries(context),
    ...createPerforms({ ...context, input, federation, user, randomId, turns: new Turns() }),
  }
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

function unguessableId(length: number): string {
  return Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join('')
}
