import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const SHARED = join(ROOT, '../shared/perf/resolve')
const CONFORMANCE = ['--conditions=@roomserver/source', join(ROOT, 'scripts/conformance.ts')]

// pnpm bench [--workloads FOLDER] [options of turbo]: the bench of every package, then state resolution on the
// workloads, each result with its hash. Workloads are those of the folder, or made by the generator beside the
// repository; where there is none, the packages make up their own and resolution is left to the package's bench.
// pnpm bench load [options]: whole servers under load, side by side; ours is built first.
// pnpm bench federated [options]: the same for joins of large rooms and for large gaps.
// pnpm bench hostile [options]: what somebody might send to stop a server, and how others fare meanwhile.
// pnpm bench rolling [options]: three processes restarted one by one behind a load balancer, what callers see.
// pnpm bench memory [options]: what our server has resident while its cache fills.
// pnpm bench inspect [options]: a room of 100,000 events while people look at it, and while its history is purged.
// pnpm bench soak --minutes N [options]: an ordinary day at a steady rate, its first and its last slice.
const args = process.argv.slice(2)
if (['load', 'federated', 'hostile', 'memory', 'soak', 'rolling', 'inspect'].includes(args[0] ?? '')) {
  const built = run('turbo', ['run', 'build', '--filter=@roomserver/app...', '--output-logs=errors-only'])
  process.exit(built === 0 ? run(process.execPath, [...CONFORMANCE, ...args]) : built)
}
const place = args.indexOf('--workloads')
const given = place < 0 ? undefined : args[place + 1]
const forTurbo = place < 0 ? args : args.toSpliced(place, 2)

const workloads = given === undefined ? generated() : resolve(given)
const environment = workloads === undefined ? {} : { WORKLOADS: workloads }
const failures = [run('turbo', ['run', 'bench', '--concurrency=1', ...forTurbo], environment)]
if (workloads !== undefined && forTurbo.length === 0) {
  const expected = given === undefined ? ['--expected', join(SHARED, 'expected.jsonl')] : []
  failures.push(run(process.execPath, [...CONFORMANCE, 'resolve', '--workloads', workloads, ...expected]))
}
process.exitCode = Math.max(...failures)

/** The workloads that all figures in the documentation are about; made once. */
function generated(): string | undefined {
  const generator = join(SHARED, 'gen.mjs')
  const folder = join(ROOT, '.cache/workloads')
  if (existsSync(join(folder, 'manifest.json'))) return folder
  if (!existsSync(generator)) return undefined
  const making = spawnSync(process.execPath, [generator, '--seed', '42', '--out', folder], {
    stdio: 'ignore',
  })
  return making.status === 0 ? folder : undefined
}

function run(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): number {
  const options = { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...environment } } as const
  return spawnSync(command, args, options).status ?? 1
}
