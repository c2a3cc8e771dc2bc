import type { AppserviceApi, FederationApi, RoomserverApi, UserApi } from '@roomserver/api'
import { parseServerName, silentLogger } from '@roomserver/types'
import { createRoomserver, type RoomInput, type RoomserverOptions } from '../src/index.ts'
import { Homeserver, type Output } from './homeserver.ts'

/** The components beside ours, as far as a test has them. */
export interface Others {
  readonly federation?: Partial<FederationApi>
  readonly user?: UserApi
  readonly appservice?: AppserviceApi
}

/** All operations of server `a`, on a store in memory. */
export class Operations implements AsyncDisposable {
  readonly hs: Homeserver
  readonly api: RoomserverApi
  /** What it noted at level `info`, with its message. */
  readonly noted: (readonly [message: string, fields: object])[] = []
  /** The same at level `warn`. */
  readonly warned: (readonly [message: string, fields: object])[] = []

  private constructor(hs: Homeserver, others: Others, options: RoomserverOptions, input: RoomInput) {
    this.hs = hs
    let now = 1_800_000_000_000
    this.api = createRoomserver(
      {
        store: hs.storage,
        cache: hs.cache,
        input,
        clock: { now: () => (now += 1000) },
        log: {
          ...silentLogger,
          info: (fields, message) => void this.noted.push([message, fields]),
          warn: (fields, message) => void this.warned.push([message, fields]),
        },
        serverName: parseServerName('a'),
        signingKey: { server: 'a', keyId: 'ed25519:test', seed: 'A'.repeat(43) },
        federation: others.federation === undefined ? undefined : withGaps(others.federation),
        user: others.user,
        appservice: others.appservice,
      },
      options,
    )
  }

  /** @param faulty - makes the way of events into rooms fail where a test wants it to */
  static async start(
    others: Others = {},
    options: RoomserverOptions = {},
    faulty: (input: RoomInput) => RoomInput = (input) => input,
  ): Promise<Operations> {
    const hs = await Homeserver.start()
    return new Operations(hs, others, options, faulty(hs.input))
  }

  /** Content of an entry of a room's current state. */
  async content(roomId: string, type: string, stateKey = ''): Promise<unknown> {
    const tuple = { EventType: type, StateKey: stateKey }
    const request = { RoomID: roomId, AllowWildcards: false, StateTuples: [tuple] }
    const { StateEvents } = await this.api.queryCurrentState(request)
    const json = StateEvents[0]?.event?.json
    return json === undefined ? undefined : (JSON.parse(json) as { content: unknown }).content
  }

  async lastOutput(): Promise<Output | undefined> {
    return (await this.hs.outputs()).at(-1)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.hs[Symbol.asyncDispose]()
  }
}

/** A federation component that a test has given some methods; calling another one fails the test. */
function withGaps(federation: Partial<FederationApi>): FederationApi {
  return new Proxy(federation as FederationApi, {
    get(target, name: keyof FederationApi) {
      return target[name] ?? (() => Promise.reject(new TypeError(`the test has no ${name}`)))
    },
  })
}
