import type { FederationApi } from '@roomserver/api'
import {
  type Clock,
  type EventNid,
  type Logger,
  LoopShare,
  type RoomId,
  type RoomRecord,
} from '@roomserver/types'
import type { Pdu, PolicyServer } from '@roomserver/events'
import { policyServerFor } from './decide/policy-server.ts'
import { RoomReader } from './decide/room-reads.ts'
import type { PolicyServers, Store } from './ports.ts'
import {
  type AllRepairLimits,
  createMissingEvents,
  DEFAULT_REPAIR_LIMITS,
  type RoomRepairs,
} from './missing-events/create-missing-events.ts'
import type { RecordCache } from './view/record-cache.ts'
import { BlockedRooms } from './input/blocked-rooms.ts'
import { type AcceptanceCheck, AcceptanceChecks } from './input/acceptance-checks.ts'
import { Committer } from './input/committer.ts'
import { InputCounters } from './input/counters.ts'
import type { FetchMissing } from './input/fetch-missing.ts'
import { RoomsOverExtremityLimit } from './input/rooms-over-extremity-limit.ts'
import { Ingester } from './input/ingest.ts'
import { NewStateKeyHeuristic } from './input/new-state-key-heuristic.ts'
import { NidPool } from './input/nid-pool.ts'
import { CommitPacing } from './input/commit-pacing.ts'
import { PolicyChecks, type PolicyCounts } from './input/policy-checks.ts'
import { DEFAULT_POLICY_LIMITS, type PolicyLimits } from './input/policy-limits.ts'
import { PolicyReevaluator } from './input/policy-reevaluator.ts'
import { RemoteStateVerifier } from './missing-events/remote-state-verifier.ts'
import type { RoomStep } from './input/room-step.ts'
import type { WorkObserver } from './input/work-observer.ts'
import type { RoomTask } from './input/room-tasks.ts'
import type { EventIngest } from './input/task-runner.ts'
import { DEFAULT_ROOM_LIMITS, type RoomLimits, Rooms } from './input/rooms.ts'

/** What the input works with. */
export interface InputDeps {
  readonly store: Store
  readonly cache: RecordCache
  readonly clock: Clock
  readonly log: Logger
  /** Name of this server. */
  readonly serverName: string
  /** Whether other servers' events that lack nothing are taken into rooms that our users have all left; no by default. */
  readonly acceptsEventsForDepartedRooms?: boolean | undefined
  /** Asked for events that are missing; `undefined`: there is nobody to ask. */
  readonly federation?: FederationApi | undefined
  /** Gets missing events in another way than from the federation. */
  readonly fetchMissing?: FetchMissing | undefined
  /** The way to the policy servers of rooms; left out: they count as if they never answered. */
  readonly policyServers?: PolicyServers | undefined
  readonly policyLimits?: Partial<PolicyLimits> | undefined
  /** Asked about every event before it is accepted; left out: nobody is. */
  readonly acceptance?: AcceptanceCheck | undefined
  /** Called after each commit that wrote outputs, so that whoever delivers them need not wait. */
  readonly onOutputs?: (() => void) | undefined
  /** Waits, not for long, until an output of a room was delivered: synchronous input answers after that. */
  readonly whenDelivered?: ((roomId: RoomId, outputSeq: number) => Promise<unknown>) | undefined
  /** Name of this process among those on the database: a lease of that name, kept by whoever starts it, shows others that it lives. */
  readonly holder?: string | undefined
  /** Called for each step of work on a room. Tests stop the process at one. */
  readonly onStep?: ((step: RoomStep, roomId: RoomId) => void) | undefined
  readonly observer?: WorkObserver | undefined
}

/** The way of events into rooms. */
export interface RoomInput extends EventIngest {
  /** How checks of policy servers' signatures ended since the start. */
  readonly policyCounts: Readonly<PolicyCounts>
  readonly rooms: Rooms
  readonly counters: InputCounters
  /** Rooms whose graph has too many extremities. */
  readonly overLimit: RoomsOverExtremityLimit
  /** Repairs under way; `undefined`: there is nobody to ask for missing events. */
  readonly repairs: RoomRepairs | undefined
  /** Resumes asynchronous input that was queued before the last stop, by whatever process. */
  resume(): Promise<void>
  /**
   * Resumes asynchronous input that a process which is gone has left behind. Looks for repairs of other processes, too.
   */
  takeOver(): Promise<void>
  /** Waits until the asynchronous input that this process has queued is settled. */
  settled(): Promise<void>
  /** Takes nothing new, finishes what waits. */
  close(): Promise<void>
}

/**
 * Puts the input together.
 * @example
 * ```ts
 * import { createInput, RecordCache, type Store } from '@roomserver/core'
 * import { parseServerName, silentLogger, systemClock } from '@roomserver/types'
 *
 * declare const store: Store // such as that of `openStorage`
 * const cache = new RecordCache(store, 64 * 1024 * 1024)
 * const parts = { store, cache, clock: systemClock, log: silentLogger }
 * const input = createInput({ ...parts, serverName: parseServerName('example.org') })
 * await input.close()
 * ```
 */
export function createInput(
  deps: InputDeps,
  limits: Partial<RoomLimits> = {},
  repairLimits: Partial<AllRepairLimits> = {},
): RoomInput {
  const { store, cache, clock, log, serverName, federation, onOutputs, onStep } = deps
  const holder = deps.holder ?? crypto.randomUUID()
  const counters = new InputCounters()
  const allLimits = { ...DEFAULT_ROOM_LIMITS, ...limits }
  const overLimit = new RoomsOverExtremityLimit(allLimits.maxExtremities)
  const parts = {
    serverName,
    acceptsEventsForDepartedRooms: deps.acceptsEventsForDepartedRooms ?? false,
    maxExtremities: allLimits.maxExtremities,
    store,
    cache,
    clock,
    log,
    counters,
    overLimit,
    holder,
    onStep,
    observer: deps.observer,
    reader: new RoomReader(store),
    nids: new NidPool(store),
    pacing: new CommitPacing(store),
    newStateKeys: new NewStateKeyHeuristic(),
    deciding: new LoopShare(setImmediate),
    committer: new Committer(store, onOutputs),
    onRemoteStates: (room: RoomRecord, events: readonly EventNid[]) => verifier.due(room, events),
    onPolicy: (room: RoomRecord, unchecked: readonly EventNid[], isChanged: boolean) =>
      reevaluator.due(room, unchecked, isChanged),
  }
  const rooms = new Rooms(parts, allLimits)
  const verifier = new RemoteStateVerifier({ store, log, run: (task) => rooms.run(task) })
  const runTask: RoomInput['runTask'] = (task) => rooms.run(task)
  const policyLimits = { ...DEFAULT_POLICY_LIMITS, ...deps.policyLimits }
  const policies = new PolicyChecks({ policyServers: deps.policyServers, clock, log }, policyLimits)
  const reevaluator = new PolicyReevaluator({ store, checks: policies, log, run: runTask })
  const acceptance = deps.acceptance && new AcceptanceChecks(deps.acceptance, log)
  // The one way by which events come to a decision, wherever they are from.
  const decideOn: RoomInput['decideOn'] = (input, decide) =>
    acceptance === undefined
      ? policies.decide(input, decide)
      : acceptance.decide(input, (given) => policies.decide(given, decide))
  const ingest: RoomInput['ingest'] = (input) => ingester.ingest(input)
  const fetching =
    federation &&
    createMissingEvents(
      { federation, store, serverName, counters, clock, log, input: { runTask, decideOn }, ingest },
      { ...DEFAULT_REPAIR_LIMITS, ...repairLimits },
    )
  const fetchMissing: FetchMissing | undefined =
    deps.fetchMissing ?? (fetching && ((...missing) => fetching.repairs.fetchMissing(...missing)))
  const share = new LoopShare(setImmediate)
  const { whenDelivered } = deps
  const blockedRooms = new BlockedRooms({
    store,
    clock,
    log,
    onPurged: (nid) => cache.rooms.onGone(nid),
    onRead: (room) => cache.rooms.onRead(room),
  })
  const ingester = new Ingester({
    ...parts,
    blockedRooms,
    share,
    rooms,
    fetchMissing,
    repairs: fetching,
    whenDelivered,
    policies: { decide: decideOn },
  })
  return {
    blockedRooms,
    inputRoomEvents: (...call) => ingester.inputRoomEvents(...call),
    ingest,
    runTask,
    decideOn,
    signedByPolicyServer: async (event) => {
      const policy = await runTask(policyTask(event))
      return policy === undefined ? undefined : await policies.check(event, policy, true)
    },
    policyCounts: policies.counts,
    rooms,
    counters,
    overLimit,
    repairs: fetching?.seen,
    resume: async () => {
      await ingester.resume()
      await verifier.resume()
      await fetching?.retries.resume()
    },
    takeOver: async () => {
      verifier.takeOver()
      await ingester.takeOver()
      await fetching?.jobs.refresh()
    },
    settled: async () => {
      await ingester.settled()
      await fetching?.retries.settled()
      await verifier.settled()
      await reevaluator.settled()
    },
    close: async () => {
      const ended = fetching?.retries.close()
      await verifier.close()
      await reevaluator.close()
      await rooms.close(() => acceptance?.settled() ?? Promise.resolve())
      await ingester.close()
      await ended
    },
  }
}

/** Finds the policy server that has to sign an event of a room as it is now. */
function policyTask(event: Pdu): RoomTask<PolicyServer | undefined> {
  const { roomId, rules, eventId, json } = event
  return {
    roomId,
    version: rules.version,
    name: `looking for the policy server of ${eventId}`,
    bytes: json.length * 2,
    decide: (draft) => policyServerFor(draft, event),
  }
}
