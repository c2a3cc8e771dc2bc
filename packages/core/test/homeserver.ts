import { filled, InputKind, InputRoomEvent } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { openStorage, type Storage } from '@roomserver/storage'
import {
  type EventRecord,
  type JsonObject,
  type RoomRecord,
  silentLogger,
  systemClock,
} from '@roomserver/types'
import {
  type AllRepairLimits,
  createInput,
  type InputDeps,
  type Outcome,
  RecordCache,
  renderOutput,
  type RoomInput,
} from '../src/index.ts'
import type { RoomLimits } from '../src/input/rooms.ts'
import { runOnView } from '../src/view/run.ts'
import { eventsOf } from '../src/view/reads.ts'
import { wholeState } from '../src/view/state-at.ts'

/** An event as it stands in outputs. */
export interface WireEvent {
  readonly _event_id: string
  readonly room_id?: string
  readonly type: string
  readonly content: JsonObject
  readonly unsigned?: JsonObject
}

/** An output as consumers get it. */
export interface Output {
  readonly type: string
  readonly new_room_event?: {
    readonly event: WireEvent
    readonly rewrites_state?: boolean
    readonly latest_event_ids: readonly string[]
    readonly adds_state_event_ids?: readonly string[]
    readonly removes_state_event_ids?: readonly string[]
    readonly last_sent_event_id: string
    readonly state_before_adds_event_ids?: readonly string[]
    readonly state_before_removes_event_ids?: readonly string[]
    readonly send_as_server: string
    readonly transaction_id?: { readonly session_id: number; readonly id: string }
    readonly history_visibility: string
  }
  readonly old_room_event?: { readonly event: WireEvent; readonly history_visibility: string }
  readonly new_invite_event?: { readonly event: WireEvent; readonly room_version: string }
  readonly retire_invite_event?: {
    readonly EventID: string
    readonly TargetUserID: string
    readonly RetiredByEventID: string
    readonly Membership: string
  }
  readonly redacted_event?: { readonly RedactedEventID: string; readonly RedactedBecause: WireEvent }
}

/** The input on a store, as tests use it. */
export class Homeserver implements AsyncDisposable {
  readonly storage: Storage
  readonly cache: RecordCache
  readonly input: RoomInput

  /** @param storage - closed with it */
  constructor(
    storage: Storage,
    deps: Partial<InputDeps> = {},
    limits: Partial<RoomLimits> = {},
    repairLimits: Partial<AllRepairLimits> = {},
  ) {
    this.storage = storage
    this.cache = new RecordCache(storage, 16 * 1024 * 1024)
    const own = {
      store: storage,
      cache: this.cache,
      clock: systemClock,
      log: silentLogger,
      serverName: 'a',
    }
    this.input = createInput({ ...own, ...deps }, limits, repairLimits)
  }

  /** On a SQLite store in memory. */
  static async start(
    deps: Partial<InputDeps> = {},
    limits: Partial<RoomLimits> = {},
    repairLimits: Partial<AllRepairLimits> = {},
  ): Promise<Homeserver> {
    const storage = await openStorage({ dialect: 'sqlite', file: ':memory:' })
    return new Homeserver(storage, deps, limits, repairLimits)
  }

  /** Another process on the same store. */
  beside(deps: Partial<InputDeps> = {}): Homeserver {
    return new Homeserver(this.storage, deps)
  }

  take(event: Pdu, change: Partial<InputRoomEvent> = {}): Promise<Outcome> {
    return this.input.ingest(inputOf(event, change))
  }

  async takeAll(events: readonly Pdu[]): Promise<void> {
    for (const event of events) await this.take(event)
  }

  async room(roomId: string): Promise<RoomRecord> {
    const room = await this.storage.room(roomId)
    if (room === undefined) throw new Error(`no room ${roomId}`)
    return room
  }

  async event(id: string): Promise<EventRecord | undefined> {
    return (await this.storage.eventsById([id]))[0]
  }

  async extremities(roomId: string): Promise<readonly string[]> {
    const { extremities } = await this.room(roomId)
    return (await this.storage.eventsByNid(extremities)).map((event) => event.eventId).toSorted()
  }

  /** Event IDs of the current state. */
  async current(roomId: string): Promise<readonly string[]> {
    return this.stateAt((await this.room(roomId)).current)
  }

  async stateAt(snapshot: RoomRecord['current']): Promise<readonly string[]> {
    return runOnView(this.cache, function* (view) {
      const entries = yield* wholeState(view, snapshot)
      const events = yield* eventsOf(
        view,
        entries.map((entry) => entry.event),
      )
      return events.map((event) => event.eventId).toSorted()
    })
  }

  async outputs(): Promise<readonly Output[]> {
    return (await this.storage.outputs(0, 100_000)).map(
      (output) => JSON.parse(renderOutput(output)) as Output,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.input.close()
    await this.storage[Symbol.asyncDispose]()
  }
}

export function inputOf(event: Pdu, change: Partial<InputRoomEvent> = {}): InputRoomEvent {
  const { eventId, json, rules } = event
  return filled(InputRoomEvent, {
    kind: InputKind.new,
    event: { roomVersion: rules.version, eventId, json },
    ...change,
  })
}
