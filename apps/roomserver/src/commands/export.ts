import { createReadStream } from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import type { InspectionApi } from '@roomserver/api'
import { exportScenario } from '@roomserver/inspect'
import { SingleBar } from 'cli-progress'
import { Command, Option } from 'commander'
import { isFailure, RoomserverError } from '@roomserver/types'
import { splitLines } from '../split-lines.ts'
import { path } from './server-options.ts'
import { count, type InspectionOptions, withInspectionOptions } from '../inspect/inspection-options.ts'
import { openInspection } from '../inspect/open-inspection.ts'

interface ExportOptions extends InspectionOptions {
  readonly out?: string
  readonly tardis?: true
  readonly around?: string
  readonly from?: string
  readonly limit?: number
}

/** `roomserver export` */
export function exportCommand(): Command {
  return withInspectionOptions(
    new Command('export')
      .argument('<room>', 'a room ID or alias')
      .description('write all events of a room, auth chains included, as JSON Lines')
      .option('-o, --out <file>', 'a new file, or an export of this room to go on with', path)
      .option('--tardis', 'the end of the event graph with its auth chains, as a scenario of TARDIS')
      .option('--around <event>', 'with --tardis: the events around this one')
      .option('--from <event>', 'with --tardis: back from this event')
      .addOption(
        new Option('-l, --limit <number>', 'with --tardis: how many events of the graph').argParser(count),
      ),
  ).action(exportRoom)
}

async function exportRoom(room: string, options: ExportOptions): Promise<void> {
  await using inspection = await openInspection(options)
  const { api } = inspection
  const { room: summary } = await api.room({ room_id: room })
  if (options.tardis === true) return await writeScenario(api, summary.room_id, options)
  const write = await writerFor(options.out)
  const bar = new SingleBar({
    format: '  {bar} {percentage}%  {value}/{total} events, {eta_formatted} left',
    stream: process.stderr,
  })
  const isShown = process.stderr.isTTY && options.out !== undefined
  if (isShown) bar.start(summary.events, 0)
  let written = 0
  for await (const page of pages(api, summary.room_id, write)) {
    await write.lines(page)
    written += page.length
    if (isShown) bar.update(written)
  }
  if (isShown) bar.stop()
  await write.close()
  if (options.out !== undefined) process.stdout.write(`${written} events written to ${options.out}\n`)
}

/** A scenario is written as a whole: it is of a part of the room. */
async function writeScenario(api: InspectionApi, roomId: string, options: ExportOptions): Promise<void> {
  const { around, from, limit = 0, out } = options
  const scenario = await exportScenario(api, {
    roomId,
    from: [around, from].filter((one) => one !== undefined),
    direction: around === undefined ? 'back' : 'around',
    limit,
  })
  const text = `${JSON.stringify(scenario, undefined, 2)}\n`
  if (out === undefined) {
    process.stdout.write(text)
    return
  }
  // A file that is there may be anything.
  await writeFile(out, text, { flag: 'wx' })
  const { events } = scenario
  process.stdout.write(`${Array.isArray(events) ? events.length : 0} events written to ${out}\n`)
}

/** The events of a room as lines, a page at a time. */
async function* pages(
  api: InspectionApi,
  room: string,
  { after, path }: Writer,
): AsyncGenerator<readonly string[]> {
  let cursor = after
  do {
    const page = await api.exportRoom({ room_id: room, cursor, limit: 0 }).catch((error: unknown) => {
      const isOfAnother = cursor === after && isFailure(error, 'INVALID_ARGUMENT')
      throw isOfAnother && error.details.argument === 'cursor' ? notAnExport(path) : error
    })
    yield page.events.map(({ event_id: id, pdu }) => headered(pdu, id, page.room_version))
    cursor = page.next
  } while (cursor !== '')
}

/** An event with its ID and room version as last members, as the internal API writes them: `replay` reads that. */
function headered(pdu: string, id: string, version: string): string {
  return `${pdu.slice(0, -1)},"_room_version":${JSON.stringify(version)},"_event_id":${JSON.stringify(id)}}`
}

interface Writer {
  readonly path: string
  /** The last event that is there already; empty: none is. */
  readonly after: string
  lines(lines: readonly string[]): Promise<void>
  close(): Promise<void>
}

async function writerFor(path: string | undefined): Promise<Writer> {
  if (path === undefined) {
    return {
      path: 'standard output',
      after: '',
      lines: async (lines) => {
        for (const line of lines) process.stdout.write(`${line}\n`)
      },
      close: async () => undefined,
    }
  }
  const file = await open(path, 'a+')
  const isFile = (await file.stat()).isFile()
  const { after, bytes, rest } = isFile ? await lastWhole(path) : NOTHING
  let unfinished = rest
  return {
    path,
    after,
    lines: async (lines) => {
      const text = lines.map((line) => `${line}\n`).join('')
      // Only a part of what follows was left unfinished by an export of this room.
      if (!text.startsWith(unfinished)) throw notAnExport(path)
      if (unfinished !== '') await file.truncate(bytes)
      unfinished = ''
      await file.appendFile(text)
    },
    close: () => file.close(),
  }
}

/** What an export left in a file. */
interface Left {
  /** The ID of the last event that was written as a whole, and where its line ends. */
  readonly after: string
  readonly bytes: number
  /** What stands behind it. */
  readonly rest: string
}

const NOTHING: Left = { after: '', bytes: 0, rest: '' }

/** @throws {RoomserverError} INVALID_ARGUMENT when a line is not an event that an export wrote: the file is something else */
async function lastWhole(path: string): Promise<Left> {
  let { after, bytes } = NOTHING
  for await (const line of splitLines(createReadStream(path), path)) {
    const text = Buffer.from(line.bytes).toString()
    if (!line.isWhole) return { after, bytes, rest: text }
    const id = /,"_event_id":("(?:[^"\\]|\\.)*")\}$/.exec(text)?.[1]
    if (id === undefined) throw notAnExport(path)
    after = JSON.parse(id) as string
    bytes += line.bytes.length + 1
  }
  return { after, bytes, rest: '' }
}

function notAnExport(path: string): RoomserverError {
  const expected = 'a new file, or an export of this room to go on with'
  return new RoomserverError(
    'INVALID_ARGUMENT',
    { argument: '--out', expected },
    `${path}: expected ${expected}`,
  )
}
