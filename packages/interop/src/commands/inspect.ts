import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BUILT, writeConfiguration } from '@roomserver/testing'
import { Command } from 'commander'
import { cpuSecondsOf, memoryOf, startPeak } from '../federated/measure.ts'
import { answersAbout, differing } from '../inspected/answers.ts'
import { cpuMsPerEvent, type InputRun, quantile, sendFor } from '../inspected/input.ts'
import { fillLargeRoom, largeRoomId } from '../inspected/large-room.ts'
import { type PageVisit, visitPage } from '../inspected/page-visit.ts'
import { startPeople } from '../inspected/people.ts'
import { killDuring, purgeBefore, sendDuring, untilPurged } from '../inspected/purge.ts'
import { SERVER_NAME, type ServedRoom, serveRoom } from '../inspected/served-room.ts'
import { fileSize, someEvents } from '../inspected/store-file.ts'

interface Options {
  readonly events: number
  readonly members: number
  readonly seconds: number
  readonly rounds: number
  readonly people: number
  readonly only?: string
}

const MIB = 1_048_576

/** `conformance inspect`: a large room that people look at, and whose history is purged, while it takes events. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .description(
      'measures our server with a large room: the first picture of the inspector, input while people look, and a purge of history under load',
    )
    .option('--events <count>', 'events of the room', Number, 100_000)
    .option('--members <count>', 'members of the room', Number, 50_000)
    .option('--seconds <count>', 'how long each part of input is', Number, 30)
    .option('--rounds <count>', 'how often input alone and with people takes turns', Number, 3)
    .option('--people <count>', 'how many people look', Number, 3)
    .option('--only <part>', 'look or purge')
    .action(run)
}

async function run(options: Options): Promise<void> {
  await using owned = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-inspect-'))
  owned.defer(() => rm(folder, { recursive: true, force: true }))
  const stored = await storedRoom(options)
  const { bytes } = await fileSize(stored)
  console.log(
    `a room of ${options.events} events and ${options.members} members: ${mib(bytes)} MiB, ${stored}`,
  )
  if (options.only !== 'purge') await look(await copyOf(stored, folder, 'look'), options)
  if (options.only !== 'look') await purge(stored, folder, options)
}

/** The store with the room, made once for each size. */
async function storedRoom({ events, members }: Options): Promise<string> {
  const folder = join(tmpdir(), 'roomserver-inspect-rooms')
  const file = join(folder, `${events}-${members}.db`)
  const isThere = await access(file).then(
    () => true,
    () => false,
  )
  if (isThere) return file
  await mkdir(folder, { recursive: true })
  const partial = `${file}.partial`
  for (const one of [partial, `${partial}-wal`, `${partial}-shm`]) await rm(one, { force: true })
  {
    await using server = await serveRoom(partial)
    let printed = 0
    await fillLargeRoom(server.call, SERVER_NAME, { events, members }, (count) => {
      if (count < ((printed + 1) * events) / 10) return
      printed++
      console.log(`filling the room: ${count} events`)
    })
  }
  await rename(partial, file)
  return file
}

async function copyOf(stored: string, folder: string, name: string): Promise<string> {
  const file = join(folder, `${name}.db`)
  await copyFile(stored, file)
  return file
}

async function look(file: string, options: Options): Promise<void> {
  const events = someEvents(file, 0.1, 100)
  const [eventId = ''] = events
  await using server = await serveRoom(file)
  const before = await memoryOf(server.pid)
  const visit = await visitPage(server.url, largeRoomId(SERVER_NAME), eventId)
  tellOfVisit(visit)
  const sight = { url: server.url, steps: visit.steps, eventId, events }
  console.log(
    `server resident before: ${before.residentMiB} MiB; after the visit: ${(await memoryOf(server.pid)).residentMiB} MiB`,
  )
  await people(server, sight, options)
  await turns(server, sight, options)
  const after = await memoryOf(server.pid)
  console.log(`server resident at the end: ${after.residentMiB} MiB, peak ${after.peakMiB} MiB`)
}

function tellOfVisit({ firstPicturesMs, heapBytes, steps }: PageVisit): void {
  console.log(
    `first picture: ${firstPicturesMs.map((ms) => ms.toFixed(0)).join(', ')} ms after the start of the navigation`,
  )
  console.log(
    `heap of the page: ${heapBytes.map((bytes) => (bytes / MIB).toFixed(1)).join(' MiB, after all steps ')} MiB`,
  )
  for (const { name, requests } of steps)
    console.log(`  ${name}: ${requests.map(({ path }) => path.split('/').at(-1)).join(', ')}`)
}

type Sight = Parameters<typeof startPeople>[0]

/** People look while nothing else is done. */
async function people(server: ServedRoom, sight: Sight, options: Options): Promise<void> {
  await startPeak(server.pid)
  const idle = await cpuSecondsOf(server.pid)
  await new Promise((resolve) => setTimeout(resolve, options.seconds * 1_000))
  const cpuBefore = await cpuSecondsOf(server.pid)
  let actions = 0
  {
    await using looking = startPeople(sight, options.people)
    await new Promise((resolve) => setTimeout(resolve, options.seconds * 1_000))
    actions = looking.actions
    tellOfWaits(looking.waits)
  }
  const idleMs = (1_000 * (cpuBefore - idle)) / options.seconds
  const lookingMs = (1_000 * ((await cpuSecondsOf(server.pid)) - cpuBefore)) / options.seconds
  const { residentMiB } = await memoryOf(server.pid)
  console.log(
    `${options.people} people, ${actions} actions in ${options.seconds} s: ${lookingMs.toFixed(1)} ms of CPU time a second, ${idleMs.toFixed(1)} without them; resident ${residentMiB} MiB`,
  )
}

function tellOfWaits(waits: ReadonlyMap<string, readonly number[]>): void {
  for (const [name, all] of waits) {
    const sorted = all.toSorted((a, b) => a - b)
    console.log(
      `  ${name}: ${sorted.length} times, median ${quantile(sorted, 0.5).toFixed(0)} ms, longest ${quantile(sorted, 1).toFixed(0)} ms`,
    )
  }
}

/** Input alone and with people, in turns. */
async function turns(
  server: ServedRoom,
  sight: Sight,
  { people: count, rounds, seconds }: Options,
): Promise<void> {
  await sendFor(server, seconds)
  const alone: InputRun[] = []
  const watched: InputRun[] = []
  for (let round = 0; round < rounds; round++) {
    alone.push(await sendFor(server, seconds))
    console.log(inputLine('input alone', alone.at(-1)))
    await using looking = startPeople(sight, count)
    watched.push(await sendFor(server, seconds))
    console.log(inputLine(`input, ${looking.actions} actions`, watched.at(-1)))
    if (round === rounds - 1) tellOfWaits(looking.waits)
  }
  const [a, b] = [alone, watched].map((runs) => {
    const events = runs.reduce((sum, run) => sum + run.events, 0)
    return {
      rate: events / runs.reduce((sum, run) => sum + run.seconds, 0),
      cpu: (1_000 * runs.reduce((sum, run) => sum + run.cpuSeconds, 0)) / events,
    }
  })
  if (a === undefined || b === undefined) return
  const more = (from: number, to: number) => `${((100 * (to - from)) / from).toFixed(1)} %`
  console.log(
    `with people: ${more(a.rate, b.rate)} events per second, ${more(a.cpu, b.cpu)} CPU time per event`,
  )
}

function inputLine(name: string, run: InputRun | undefined): string {
  if (run === undefined) return name
  const { events, latencies, seconds } = run
  return `${name}: ${(events / seconds).toFixed(0)} events per second, ${cpuMsPerEvent(run).toFixed(3)} ms of CPU time each, p50 ${quantile(latencies, 0.5).toFixed(2)} ms, p99 ${quantile(latencies, 0.99).toFixed(1)} ms, longest ${quantile(latencies, 1).toFixed(0)} ms`
}

const mib = (bytes: number): string => (bytes / MIB).toFixed(0)

async function purge(stored: string, folder: string, options: Options): Promise<void> {
  const [cut = ''] = someEvents(stored, 0.9, 1)
  const staying = someEvents(stored, 0.95, 4)
  {
    const file = await copyOf(stored, folder, 'purge')
    const server = await serveRoom(file)
    try {
      await sendFor(server, options.seconds)
      console.log(inputLine('input before the purge', await sendFor(server, options.seconds)))
      const began = performance.now()
      const dry = await purgeBefore(server, cut, true)
      console.log(
        `dry run: ${seconds(began)} s; ${dry.events} events would be deleted, ${dry.kept_events} before the cut stay`,
      )
      const ordered = performance.now()
      const during = await sendDuring(server, async () => {
        await purgeBefore(server, cut, false)
        await untilPurged(server, ({ step }) => step === 'done')
      })
      console.log(`purged in ${seconds(ordered)} s`)
      console.log(inputLine('input during the purge', during))
      console.log(inputLine('input after the purge', await sendFor(server, options.seconds)))
      console.log(`server: peak ${(await memoryOf(server.pid)).peakMiB} MiB`)
    } finally {
      await server[Symbol.asyncDispose]()
    }
    const [before, after] = [await fileSize(stored), await fileSize(file)]
    console.log(
      `file: ${mib(before.bytes)} MiB before, ${mib(after.bytes)} MiB after, of which ${mib(after.freeBytes)} MiB free`,
    )
    await check(file, folder)
    await rm(file)
  }
  await purgeAndKill(await copyOf(stored, folder, 'kill'), folder, { cut, staying })
}

const seconds = (since: number): string => ((performance.now() - since) / 1_000).toFixed(1)

async function purgeAndKill(
  file: string,
  folder: string,
  { cut, staying }: { readonly cut: string; readonly staying: readonly string[] },
): Promise<void> {
  let before: ReadonlyMap<string, string>
  {
    await using server = await serveRoom(file)
    before = await answersAbout(server, staying)
    await purgeBefore(server, cut, false)
    await killDuring(server, ({ events, removed_events }) => removed_events > events * 0.4)
  }
  await check(file, folder)
  {
    await using server = await serveRoom(file)
    await killDuring(server, ({ deleted_events, events }) => deleted_events > events * 0.2)
  }
  await check(file, folder)
  await using server = await serveRoom(file)
  await untilPurged(server, ({ step }) => step === 'done')
  const wrong = differing(before, await answersAbout(server, staying))
  console.log(
    `killed twice, and purged: ${before.size} answers compared, ${wrong.length} differ ${wrong.join(', ')}`,
  )
  await server[Symbol.asyncDispose]()
  await check(file, folder)
}

/** Checks a store with everything recomputed. */
async function check(file: string, folder: string): Promise<void> {
  const config = await writeConfiguration({ serverName: SERVER_NAME, database: `file:${file}` }, folder, 0)
  const began = performance.now()
  const child = spawn(process.execPath, [...BUILT, 'check', '--recompute', '--config', config], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await once(child, 'close')
  console.log(`check --recompute (${seconds(began)} s): ${text.trim().split('\n').at(-1) ?? ''}`)
  if (child.exitCode !== 0) throw new Error(`check --recompute found something:\n${text}`)
}
