import { userInfo } from 'node:os'
import type { AdministrationApi } from '@roomserver/api'
import { escaped } from '@roomserver/inspect'
import { createAdministrationClient } from '@roomserver/inthttp'
import { Command } from 'commander'
import { serverUrl } from '../inspect/inspection-options.ts'

/** The options of every command that changes rooms. */
export interface AdministrationOptions {
  readonly url: string
  readonly as: string
  readonly apply?: true
}

/** What every request of an operator has. */
export interface Asked {
  readonly room_id: string
  readonly requester: string
  readonly dry_run: boolean
}

/** A command that changes a room. */
export function administrating(name: string, description: string): Command {
  return new Command(name)
    .argument('<room>', 'a room ID')
    .description(description)
    .requiredOption('-u, --url <url>', 'the running server (ROOMSERVER_TOKEN is its token)', serverUrl)
    .option('--apply', 'make the change; without it, print what would change')
    .option('--as <name>', 'who orders it, for the audit log', userInfo().username)
}

/** Asks for a change, and prints what is said about it. */
export async function administrate(
  { apply, as, url }: AdministrationOptions,
  room: string,
  tell: (api: AdministrationApi, asked: Asked) => Promise<string>,
): Promise<void> {
  await using client = createAdministrationClient(url, { token: process.env['ROOMSERVER_TOKEN'] })
  const dryRun = apply !== true
  const says = await tell(client, { room_id: room, requester: as, dry_run: dryRun })
  const hint = dryRun ? '\nNothing was changed; --apply makes the change.' : ''
  process.stdout.write(`${escaped(says)}${hint}\n`)
}
