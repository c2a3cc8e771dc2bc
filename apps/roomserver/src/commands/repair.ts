import { userInfo } from 'node:os'
import type { AdministrationApi, RepairRoomResponse, RoomJob } from '@roomserver/api'
import { createAdministrationClient } from '@roomserver/inthttp'
import { Command, Option } from 'commander'
import { serverUrl } from '../inspect/inspection-options.ts'
import { openInspection } from '../inspect/open-inspection.ts'
import type { OpenedAdministration } from '../repair/administer-store.ts'
import { type RepairKind, repairedText, retriedText, waitingText } from '../repair/repair-texts.ts'
import { type ServerOptions, withServerOptions } from './server-options.ts'

interface RepairOptions extends ServerOptions {
  readonly url?: string
  readonly recomputeState?: true
  /** `true`: the state that most servers supply; or a server's. */
  readonly stateFromServers?: true | string
  readonly pruneExtremities?: true
  readonly apply?: true
  readonly dryRun?: true
  readonly as: string
  readonly json?: true
}

/** `roomserver repair` */
export function repairCommand(): Command {
  return withServerOptions(new Command('repair'))
    .argument('[room]', 'a room ID; without one, list the events that wait')
    .addOption(
      new Option('-u, --url <url>', 'a running server (ROOMSERVER_TOKEN is its token)')
        .argParser(serverUrl)
        .conflicts(['config', 'data']),
    )
    .option('--recompute-state', 'recompute the current state from the forward extremities')
    .option(
      '--state-from-servers [server]',
      'take the state that most servers of the room supply, or that of one server',
    )
    .option(
      '--prune-extremities',
      'drop forward extremities that were not accepted or have accepted successors',
    )
    .option('--apply', 'with one of these three: make the change; without it, print what would change')
    .addOption(
      new Option('--dry-run', 'change nothing: of a retry, print what would be tried again').conflicts(
        'apply',
      ),
    )
    .option('--as <name>', 'who orders it, for the audit log and the journal', userInfo().username)
    .option('--json', 'print the answers as JSON')
    .description('list events that wait for missing events, retry those of a room, or repair a room')
    .action(repair)
}

async function repair(room: string | undefined, options: RepairOptions): Promise<void> {
  if (room === undefined) return await list(options)
  await using opened = await openAdministration(options)
  const kinds = kindsOf(options)
  return kinds.length === 0
    ? await retry(opened.api, room, options)
    : await rebuild(opened.api, room, kinds, options)
}

/** What is wanted, in the order in which it is done. */
function kindsOf({
  pruneExtremities,
  recomputeState,
  stateFromServers,
}: RepairOptions): readonly RepairKind[] {
  return [
    ...(pruneExtremities ? (['prune-extremities'] as const) : []),
    ...(recomputeState ? (['recompute-state'] as const) : []),
    ...(stateFromServers === undefined ? [] : (['state-from-servers'] as const)),
  ]
}

/** The operations of a running server, or of one that is opened for this command. */
async function openAdministration(options: RepairOptions): Promise<OpenedAdministration> {
  if (options.url === undefined) {
    const { administerStore } = await import('../repair/administer-store.ts')
    return await administerStore(options)
  }
  const client = createAdministrationClient(options.url, { token: process.env['ROOMSERVER_TOKEN'] })
  return { api: client, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() }
}

/** How many are asked for at a time. */
const PAGE = 500

/** Also reads beside a server that is at work. */
async function list(options: RepairOptions): Promise<void> {
  await using inspection = await openInspection(options)
  const jobs: RoomJob[] = []
  for (let cursor = ''; ; ) {
    const page = await inspection.api.jobs({ room_id: '', cursor, limit: PAGE })
    for (const job of page.jobs) if (job.kind === 'missing-events') jobs.push(job)
    cursor = page.next
    if (cursor === '') break
  }
  print(options, { jobs }, () => waitingText(jobs, Date.now()))
}

async function retry(api: AdministrationApi, room: string, options: RepairOptions): Promise<void> {
  const isDryRun = options.dryRun === true
  const answer = await api.retryMissingEvents({ room_id: room, requester: options.as, dry_run: isDryRun })
  print(options, answer, () => retriedText(answer, isDryRun))
  if (!isDryRun && answer.repaired < answer.waiting) process.exitCode = 1
}

async function rebuild(
  api: AdministrationApi,
  room: string,
  kinds: readonly RepairKind[],
  options: RepairOptions,
): Promise<void> {
  const isDryRun = options.apply !== true
  const server = typeof options.stateFromServers === 'string' ? options.stateFromServers : ''
  const repairs: (RepairRoomResponse & { readonly repair: RepairKind })[] = []
  for (const kind of kinds) {
    const asked = { room_id: room, repair: kind, requester: options.as, dry_run: isDryRun }
    const answer = await api.repairRoom({ ...asked, server: kind === 'state-from-servers' ? server : '' })
    repairs.push({ ...answer, repair: kind })
  }
  const end = isDryRun ? 'Nothing was changed; --apply makes the change.' : 'done'
  const says = () => [...repairs.map((answer) => repairedText(answer.repair, answer)), end].join('\n')
  print(options, { dry_run: isDryRun, repairs }, says)
}

function print({ json }: RepairOptions, answer: object, text: () => string): void {
  process.stdout.write(`${json === true ? JSON.stringify(answer, null, 2) : text()}\n`)
}
