import { randomBytes } from 'node:crypto'
import { encodeBase64 } from '@roomserver/events'
import type { Logger } from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import type { Config } from '../config/config.ts'
import { PracticeRoom } from './practice-room.ts'
import { openRehearsal } from './rehearsal.ts'

const ROOM_VERSION = '10'
/** Rooms that are used at once. */
const ROOMS = 4
/** Rounds of use over all rooms, after which more of them make little difference. */
const ROUNDS = 300
const BODY = 'lorem ipsum dolor sit amet '.repeat(4)

/**
 * Has the program's own code run before anybody waits for it: practice rooms are made, talked in, forked and asked about
 * over HTTP/2, with a store and a message server of the configured kinds, of which nothing stays. What Node then
 * compiles by way of this, it need not compile under the first requests.
 *
 * Takes as long as the configuration allows at the most. Never fails: without it the program is slower at first.
 *
 * @param signal - aborted when there will be no requests
 */
export async function warmUp(config: Config, log: Logger, signal?: AbortSignal): Promise<void> {
  const { warm_up: atMostMs } = config.settings
  if (atMostMs === 0) return
  const start = performance.now()
  const isOver = () => signal?.aborted === true || performance.now() - start >= atMostMs
  try {
    const rounds = await practise(config, isOver)
    log.info({ rounds, took_ms: Math.round(performance.now() - start) }, 'warmed up')
  } catch (error) {
    log.warn({ err: error }, 'warm-up failed; starting without it')
  }
}

async function practise(config: Config, isOver: () => boolean): Promise<number> {
  const { serverName } = config
  const key = { server: serverName, keyId: 'ed25519:practice', seed: encodeBase64(randomBytes(32)) }
  const rules = roomVersion(ROOM_VERSION)
  if (rules === undefined) return 0
  await using rehearsal = await openRehearsal(config, key)
  const rooms = Array.from(
    { length: ROOMS },
    (_unused, n) => new PracticeRoom(rehearsal.rooms, rules, key, n),
  )
  // One after the other: a conflict over a name that is new to several would end the transaction that all of it is.
  for (const room of rooms) if (!isOver()) await prepare(room)
  let rounds = 0
  await Promise.all(
    rooms.map(async (room) => {
      while (rounds < ROUNDS && !isOver()) await use(room, rounds++)
    }),
  )
  return rounds
}

async function prepare(room: PracticeRoom): Promise<void> {
  await room.create()
  await room.fork(['one', 'two'])
}

async function use(room: PracticeRoom, round: number): Promise<void> {
  await room.message(BODY)
  await room.askForEntries()
  if (round % 3 === 0) await room.join(room.member(`member${round}`))
  if (round % 20 === 0) await room.fork(['one', 'two', 'three'])
  if (round % 20 === 10) await room.askForAll()
}
