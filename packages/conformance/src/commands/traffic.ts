import { Command, Option } from 'commander'
import { DEPARTURES } from '../traffic/departures.ts'
import { readRecording } from '../traffic/recording.ts'
import { describeFinding, type ReplayResult } from '../traffic/replay.ts'
import { replayOn } from '../traffic/replay-on.ts'
import { startServers } from '../traffic/servers.ts'

interface TrafficOptions {
  readonly database: 'sqlite' | 'postgres'
  readonly jetstream: boolean
  readonly limit: number
}

/** `conformance traffic FILE…`: replays recordings of a real homeserver against fresh servers of ours. */
export function trafficCommand(): Command {
  return new Command('traffic')
    .description('replays recorded traffic against a fresh server and compares answers and outputs')
    .argument('<file...>', 'recordings: JSON Lines, gzipped or not')
    .addOption(
      new Option('--database <which>', 'where the server keeps rooms')
        .choices(['sqlite', 'postgres'])
        .default('sqlite'),
    )
    .option('--jetstream', 'outputs go to a real nats-server', false)
    .option('--limit <count>', 'differences to print', Number, 50)
    .action(async (files: readonly string[], options: TrafficOptions) => {
      await using servers = await startServers(options)
      let passed = 0
      let failed = 0
      for (const file of files) {
        const result = await replayOn(servers, await readRecording(file))
        report(file, result, options.limit)
        passed += result.passed
        failed += result.failed
      }
      process.exitCode = failed > 0 ? 1 : 0
      console.log(`${passed} passed, ${failed} failed`)
    })
}

function report(file: string, result: ReplayResult, limit: number): void {
  for (const { step, finding } of result.failures.slice(0, limit)) console.log(describeFinding(step, finding))
  if (result.failures.length > limit) console.log(`… and ${result.failures.length - limit} more differences`)
  for (const [id, count] of result.departed) {
    const departure = DEPARTURES.find((candidate) => candidate.id === id)
    console.log(`departs as expected, ${count} times: ${id}: ${departure?.reason ?? ''}`)
  }
  console.log(`${file}: ${result.passed} as recorded, ${result.failed} different`)
}
