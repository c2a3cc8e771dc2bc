import { type ClientUser, type Drive, register } from './drive.ts'
import type { Homeserver } from './homeserver.ts'

/** The people of a drive: two on the homeserver under test, one on the other. */
export interface People {
  readonly alice: ClientUser
  readonly bob: ClientUser
  readonly carol: ClientUser
  readonly xena: ClientUser
  readonly yuri: ClientUser
}

/** A story that is told to both servers. */
export interface Scenario {
  readonly name: string
  readonly tell: (drive: Drive, people: People, servers: readonly [Homeserver, Homeserver]) => Promise<void>
}

/** Registers everybody. */
export async function gather(drive: Drive, servers: readonly [Homeserver, Homeserver]): Promise<People> {
  const names = ['alice', 'bob', 'carol'] as const
  const [alice, bob, carol] = await Promise.all(names.map((name) => register(servers[0].clientUrl, name)))
  const [xena, yuri] = await Promise.all(['xena', 'yuri'].map((name) => register(servers[1].clientUrl, name)))
  if (!alice || !bob || !carol || !xena || !yuri) throw new Error('nobody came')
  drive.note('everybody registered', 200, null)
  return { alice, bob, carol, xena, yuri }
}
