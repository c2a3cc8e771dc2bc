import { execFile } from 'node:child_process'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Pdu } from '@roomserver/events'
import { openStorage, type Storage } from '@roomserver/storage'
import type { TestServer } from '@roomserver/testing'
import { seededRandom } from '@roomserver/testing/reference-resolution'
import { checkRooms } from '../check-rooms.ts'
import { problemsOf } from '../crash-round.ts'
import { continueHistory, randomHistory } from '../history.ts'
import { Sender } from '../sender.ts'
import { embeddedTestBed, productionTestBed, type TestBed } from '../test-bed.ts'
import type { Scenario, ScenarioResult } from './under-load.ts'

const execute = promisify(execFile)
const ROOMS = 6
const PART = 25
const WAIT_MS = 120_000

/** A room as it was when the copy was made, and two ways on: one that a restore loses, and the one after it. */
interface ForkedRoom {
  readonly base: readonly Pdu[]
  readonly lost: readonly Pdu[]
  readonly kept: readonly Pdu[]
}

/** A database put back to an older copy, while the message server has what came after it. */
export const postgresPutBack: Scenario = {
  name: 'PostgreSQL put back to an older copy while JetStream is newer',
  needs: 'production',
  run: async (_testBed, seed): Promise<ScenarioResult | string> => {
    await using bed = await productionTestBed()
    const { services } = bed
    if (services === undefined) return 'no database server'
    const copy = await copyOf(services.postgres, bed)
    const restore = async (): Promise<Storage> => {
      await bed.server.kill('SIGTERM')
      await services.postgres.stop()
      await rm(services.postgres.folder, { recursive: true })
      await execute('cp', ['-a', copy.folder, services.postgres.folder])
      await services.postgres.start()
      await bed.server.start()
      return bed.storage
    }
    const result = await putBack(bed, seed, () => copy.make(), restore)
    await rm(copy.folder, { recursive: true, force: true })
    const isSaid = bed.server.warnings.some((line) => line.includes('a new epoch of outputs begins'))
    return withProblem(result, isSaid, 'the log does not say that the database was put back')
  },
}

/** An embedded store put back to a copy that `roomserver backup` made, with a reader that was further. */
export const embeddedPutBack: Scenario = {
  name: 'SQLite put back to an older copy',
  needs: 'embedded',
  run: async (_testBed, seed): Promise<ScenarioResult | string> => {
    await using owned = new AsyncDisposableStack()
    const folder = await mkdtemp(join(tmpdir(), 'roomserver-put-back-'))
    owned.defer(() => rm(folder, { recursive: true, force: true }))
    const bed = owned.use(await embeddedTestBed({ folder }))
    const [file, copy] = [join(folder, 'rooms.db'), join(folder, 'copy.db')]
    const restore = async (): Promise<Storage> => {
      await bed.server.kill('SIGTERM')
      for (const one of [file, `${file}-wal`, `${file}-shm`]) await rm(one, { force: true })
      await rename(copy, file)
      await bed.server.start()
      return owned.use(await openStorage({ dialect: 'sqlite', file }))
    }
    const result = await putBack(bed, seed, () => bed.storage.backup(copy), restore)
    const isSaid = bed.log.refusals.some((refusal) => refusal.includes('OUTPUTS_POSITION_UNKNOWN'))
    return withProblem(result, isSaid, `a reader that was further was not told: ${bed.log.refusals.join()}`)
  },
}

function withProblem(result: ScenarioResult, isWell: boolean, problem: string): ScenarioResult {
  return isWell ? result : { ...result, problems: [...result.problems, problem] }
}

async function copyOf(postgres: TestServer, { server }: TestBed) {
  const folder = join(await mkdtemp(join(tmpdir(), 'roomserver-postgres-copy-')), 'data')
  return {
    folder,
    make: async (): Promise<void> => {
      await server.kill('SIGTERM')
      await postgres.stop()
      await execute('cp', ['-a', postgres.folder, folder])
      await postgres.start()
      await server.start()
    },
  }
}

/**
 * Sends the first part of rooms, has a copy made, sends one second part, has the copy put back, sends another second part,
 * and checks the rooms as they are then: the consumer has what they announce, whatever it knows besides.
 */
async function putBack(
  bed: TestBed,
  seed: number,
  copy: () => Promise<void>,
  restore: () => Promise<Storage>,
): Promise<ScenarioResult> {
  const rooms = await Promise.all(Array.from({ length: ROOMS }, (_, index) => forkedRoom(seed, index)))
  const from = bed.log.taken.length
  const senders: Sender[] = []
  const send = async (part: keyof ForkedRoom): Promise<void> => {
    const some = rooms.map((room, index) => new Sender(room[part], seededRandom(seed * 100 + index)))
    senders.push(...some)
    const way = { url: () => bed.server.url, stop: AbortSignal.timeout(WAIT_MS) }
    await Promise.all(some.map((sender) => sender.send(way)))
  }
  await send('base')
  await copy()
  await send('lost')
  await untilQuiet(bed)
  const storage = await restore()
  await send('kept')
  const histories = rooms.map(({ base, kept }) => [...base, ...kept])
  const problems = [
    ...senders.flatMap(problemsOf),
    ...(await checkRooms({ ...bed, storage, from, isPutBack: true }, histories)),
  ]
  return {
    rooms: rooms.length,
    events: senders.length * PART,
    retries: senders.reduce((sum, { retries }) => sum + retries, 0),
    refusals: new Set(),
    problems,
  }
}

/** The two ways on differ from the first event: the same numbers are given to other outputs. */
async function forkedRoom(seed: number, index: number): Promise<ForkedRoom> {
  const way = async (random: number): Promise<readonly Pdu[]> => {
    const room = await randomHistory(`p${seed}-${index}.test`, PART, seededRandom(seed * 1_000 + index))
    await room.message(`way ${random}`)
    await continueHistory(room, 2 * PART, seededRandom(random))
    return room.events
  }
  const [lost, kept] = [await way(seed * 7 + 1), await way(seed * 7 + 2)]
  return { base: lost.slice(0, PART), lost: lost.slice(PART), kept: kept.slice(PART) }
}

/** Until the consumer has got all that there is. */
async function untilQuiet({ log }: TestBed): Promise<void> {
  for (let before = -1; before !== log.taken.length; ) {
    before = log.taken.length
    await pause(2_000)
  }
}
