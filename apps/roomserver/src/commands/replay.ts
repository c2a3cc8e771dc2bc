import { filled, InputKind, InputRoomEvent } from '@roomserver/api'
import { type EngineParts, openEngine } from '@roomserver/engine'
import type { Pdu } from '@roomserver/events'
import { isFailure, isRejected } from '@roomserver/types'
import { SingleBar } from 'cli-progress'
import { Command } from 'commander'
import { engineOptions } from '../compose/engine-options.ts'
import { createLog } from '../log.ts'
import { gatherPdus } from '../replay/gather.ts'
import { readLines } from '../replay/read-pdus.ts'
import { type Outcome, outcomeLine, Summary } from '../replay/summary.ts'
import { topologicalOrder } from '../replay/topological-order.ts'
import { configOf } from './server-config.ts'
import { type ServerOptions, withServerOptions } from './server-options.ts'

/** Events on their way at once. */
const WINDOW = 256

type ReplayOptions = ServerOptions & { readonly list?: true }

/** `roomserver replay` */
export function replayCommand(): Command {
  return withServerOptions(new Command('replay'))
    .argument(
      '<file...>',
      'events in the federation format, one JSON object per line, in any order; may be gzipped',
    )
    .option('-m, --memory', 'keep the rooms in memory, and discard them at the end')
    .option(
      '--list',
      'also print each event that was not accepted: what became of it, event, room, rule and reason',
    )
    .description('ingest recorded events and print the outcome of each')
    .action(replay)
}

async function replay(files: readonly string[], options: ReplayOptions): Promise<void> {
  const log = createLog('error', process.stderr)
  await using engine = await openEngine({
    ...engineOptions(await configOf(options), log),
    maintenance: false,
  })
  const summary = new Summary()
  await replayFiles(engine.parts, files, (outcome) => {
    summary.add(outcome)
    if (options.list === true && outcome.kind !== 'accepted')
      process.stdout.write(`${outcomeLine(outcome)}\n`)
  })
  process.stdout.write(`${summary.toString()}\n`)
}

/** Reads, sorts and puts in; tells what became of each event. */
async function replayFiles(
  engine: EngineParts,
  files: readonly string[],
  tell: (outcome: Outcome) => void,
): Promise<void> {
  const { pdus, refused } = await gatherPdus(linesOf(files), async (roomId) => {
    return (await engine.storage.room(roomId))?.version
  })
  for (const { rule, reason } of refused) tell({ kind: 'malformed', rule, reason })
  const ordered = topologicalOrder(pdus)
  const bar = progressBar(ordered.length)
  const waiting: Promise<void>[] = []
  for (const pdu of ordered) {
    waiting.push(
      putIn(engine, pdu).then((outcome) => {
        tell({ ...outcome, event: pdu })
        bar.increment()
      }),
    )
    if (waiting.length >= WINDOW) await waiting.shift()
  }
  await Promise.all(waiting)
  bar.stop()
}

async function* linesOf(files: readonly string[]) {
  for (const file of files) yield* readLines(file)
}

async function putIn({ input }: EngineParts, { rules, eventId, json }: Pdu): Promise<Outcome> {
  try {
    const event = { roomVersion: rules.version, eventId, json }
    const outcome = await input.ingest(filled(InputRoomEvent, { kind: InputKind.new, event }))
    return outcomeOf(outcome)
  } catch (error) {
    if (isFailure(error, 'MALFORMED_EVENT')) {
      return { kind: 'malformed', rule: error.details.rule, reason: error.details.reason }
    }
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) }
  }
}

function outcomeOf(outcome: Awaited<ReturnType<EngineParts['input']['ingest']>>): Outcome {
  switch (outcome.kind) {
    case 'refused':
      return { kind: 'rejected', rule: outcome.error.code, reason: outcome.error.message }
    case 'missing': {
      const lacking = [...new Set([...outcome.prev, ...outcome.auth, ...outcome.state])]
      return { kind: 'missing', rule: 'MISSING_EVENTS', reason: `lacks ${lacking.join(', ')}` }
    }
    case 'stored': {
      const { verdict, rule, reason, known } = outcome
      if (verdict === 'soft-failed') return { kind: 'soft-failed', rule, reason, known }
      return { kind: isRejected(verdict) ? 'rejected' : 'accepted', rule, reason, known }
    }
  }
}

/** A bar on a terminal, nothing elsewhere. */
function progressBar(total: number): Pick<SingleBar, 'increment' | 'stop'> {
  if (!process.stderr.isTTY) return { increment: () => undefined, stop: () => undefined }
  const bar = new SingleBar({
    format: '  {bar} {percentage}%  {value}/{total} events  {eta_formatted} left',
    stream: process.stderr,
  })
  bar.start(total, 0)
  return bar
}
