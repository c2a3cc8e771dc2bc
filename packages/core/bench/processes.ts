import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createDatabase, RoomBuilder, startPostgres } from '@roomserver/testing'
import { openStorage } from '@roomserver/storage'
import { silentLogger, systemClock } from '@roomserver/types'
import type { Pdu } from '@roomserver/events'
import { createInput, RecordCache } from '../src/index.ts'
import { inputOf } from '../test/homeserver.ts'

// Three processes on one PostgreSQL. In each room three senders write one event after another as fast as they are
// answered, first all through one process, then each through a process of its own, which is as bad as it gets:
//   node --conditions=@roomserver/source bench/processes.ts [rooms] [messages per sender]
const SENDERS = 3

/** How long each event took, in order. */
type Took = readonly number[]

/** What a process is asked to do: nothing but to take events into rooms, each list one after another. */
interface Work {
  readonly lists: readonly (readonly string[])[]
}

/** What came of it. */
interface Done {
  readonly took: readonly Took[]
  readonly conflicts: number
  readonly commits: number
  readonly cpuMs: number
}

async function serve(url: string): Promise<void> {
  const storage = await openStorage({ dialect: 'postgres', connectionString: url, maxConnections: 4 })
  const cache = new RecordCache(storage, 64 * 1024 * 1024)
  const input = createInput({
    store: storage,
    cache,
    clock: systemClock,
    log: silentLogger,
    serverName: 'a',
  })
  process.on('message', ({ lists }: Work) => {
    void (async () => {
      const { commits, conflicts } = input.counters
      const cpu = process.cpuUsage()
      const took = await Promise.all(lists.map((list) => takeAll(list)))
      const { user, system } = process.cpuUsage(cpu)
      const counted = {
        commits: input.counters.commits - commits,
        conflicts: input.counters.conflicts - conflicts,
      }
      process.send?.({ took, cpuMs: (user + system) / 1000, ...counted } satisfies Done)
    })()
  })
  const takeAll = async (list: readonly string[]): Promise<Took> => {
    const took: number[] = []
    for (const text of list) {
      const since = performance.now()
      await input.ingest(JSON.parse(text) as never)
      took.push(performance.now() - since)
    }
    return took
  }
  process.send?.('ready')
}

async function runAsLeader(rooms: number, messages: number): Promise<void> {
  await using postgres = await startPostgres()
  await using database = await createDatabase(postgres.url)
  const processes: ChildProcess[] = []
  for (let i = 0; i < SENDERS; i++) {
    const one = fork(import.meta.filename, ['serve', database.url], {
      execArgv: ['--conditions=@roomserver/source'],
    })
    await once(one, 'message')
    one.once('exit', (code) => process.exit(code ?? 1))
    processes.push(one)
  }
  await round('warm', await build('warm', rooms, messages, processes), processes, (_room, sender) => sender)
  await round('one process a room', await build('one', rooms, messages, processes), processes, (room) => room)
  await round(
    'three processes a room',
    await build('all', rooms, messages, processes),
    processes,
    (_room, sender) => sender,
  )
  for (const one of processes) one.removeAllListeners('exit').kill()
}

/** Rooms with a branch for each sender; what they have in common is stored. */
async function build(name: string, rooms: number, messages: number, [first]: readonly ChildProcess[]) {
  const branches: (readonly Pdu[])[][] = []
  const beginnings: (readonly Pdu[])[] = []
  for (let number = 0; number < rooms; number++) {
    const room = await RoomBuilder.create({ roomId: `!${name}${number}:a` })
    beginnings.push([...room.events])
    const start = room.extremities
    const own: Pdu[][] = []
    for (let sender = 0; sender < SENDERS; sender++) {
      let prev: readonly Pdu[] = start
      const branch: Pdu[] = []
      for (let i = 0; i < messages; i++) {
        const event = await room.message(`${sender} ${i}`, { prev })
        branch.push(event)
        prev = [event]
      }
      own.push(branch)
    }
    branches.push(own)
  }
  if (first !== undefined) await run(first, beginnings)
  return branches
}

async function run(one: ChildProcess, lists: readonly (readonly Pdu[])[]): Promise<Done> {
  const answer = once(one, 'message') as Promise<[Done]>
  one.send({ lists: lists.map((list) => list.map((event) => JSON.stringify(inputOf(event)))) } satisfies Work)
  return (await answer)[0]
}

async function round(
  name: string,
  branches: readonly (readonly (readonly Pdu[])[])[],
  processes: readonly ChildProcess[],
  through: (room: number, sender: number) => number,
): Promise<void> {
  const since = performance.now()
  const done = await Promise.all(
    processes.map((one, index) =>
      run(
        one,
        branches.flatMap((own, room) =>
          own.filter((_branch, sender) => through(room, sender) % SENDERS === index),
        ),
      ),
    ),
  )
  const tookMs = performance.now() - since
  const all = done.flatMap(({ took }) => took.flat()).toSorted((a, b) => a - b)
  const sum = (of: (one: Done) => number) => done.reduce((total, one) => total + of(one), 0)
  const totals = done.flatMap(({ took }) => took.map((list) => list.reduce((total, ms) => total + ms, 0)))
  const at = (share: number) =>
    (all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? 0).toFixed(1)
  console.log(
    `${name}: ${all.length} events, ${Math.round((all.length / tookMs) * 1000)}/s, ` +
      `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms, ` +
      `${(sum((one) => one.conflicts) / all.length).toFixed(2)} lost commits an event, ` +
      `${(sum((one) => one.cpuMs) / all.length).toFixed(2)} ms CPU an event, ` +
      `senders took ${Math.min(...totals).toFixed(0)} to ${Math.max(...totals).toFixed(0)} ms`,
  )
}

const [first = '8', second = '100'] = process.argv.slice(2)
if (first === 'serve') await serve(second)
else await runAsLeader(Number(first), Number(second))
