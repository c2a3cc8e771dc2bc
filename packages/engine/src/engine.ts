import type { AdministrationApi, InspectionApi, RoomserverApi, StreamedApi } from '@roomserver/api'
import type { DummyEvents, RecordCache, RoomInput } from '@roomserver/core'
import type { EngineStore, ServerName } from '@roomserver/types'
import type { Scrubber } from './maintenance/scrubber.ts'
import type { Outputs } from './outputs/outputs.ts'
import type { Readiness } from './readiness.ts'
import type { RoomMethods } from './rooms/room-methods.ts'

/**
 * A room engine at work. Disposing of it, best by `await using`, ends it in order: background work stops, events that
 * were taken are finished, their outputs go out, the store is closed unless it was given.
 */
export interface Engine extends RoomMethods, AsyncDisposable {
  readonly serverName: ServerName
  /** Every operation of the internal API, beside the methods that are made of them. */
  readonly operations: RoomserverApi
  /** Whether it can work, and what was looked at; for health checks. */
  readonly readiness: () => Promise<Readiness>
  /** What it is put together from, for programs that serve, measure or repair it. */
  readonly parts: EngineParts
}

/** What an engine is put together from. */
export interface EngineParts {
  readonly storage: EngineStore
  readonly cache: RecordCache
  readonly input: RoomInput
  readonly outputs: Outputs
  /** The operations whose answers are long, for who sends them on. */
  readonly streamed: StreamedApi<RoomserverApi>
  /** What operators do to rooms. */
  readonly administration: AdministrationApi
  /** What operators ask about rooms. */
  readonly inspection: InspectionApi
  readonly dummyEvents: Pick<DummyEvents, 'sent'>
  readonly scrubber: Pick<Scrubber, 'checkedRooms' | 'findings'>
}
