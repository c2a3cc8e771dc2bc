import { type ClientUser, type Drive, register } from './drive.ts'
import type { Homeservers } from './homeserver.ts'

/** The people of a drive: three on the homeserver under test, two on the other. */
export interface People {
  readonly alice: ClientUser
  readonly bob: ClientUser
  readonly carol: ClientUser
  readonly xena: ClientUser
  readonly yuri: ClientUser
  /** On the third homeserver, where there is one. */
  readonly zoe?: ClientUser
}

/** A story that is told to both servers. */
export interface Scenario {
  readonly name: string
  readonly run: (drive: Drive, people: People, servers: Homeservers) => Promise<void>
}

/** Registers everybody. */
export async function gather(drive: Drive, servers: Homeservers): Promise<People> {
  const names = ['alice', 'bob', 'carol'] as const
  const [alice, bob, carol] = await Promise.all(names.map((name) => register(servers[0].clientUrl, name)))
  const [xena, yuri] = await Promise.all(['xena', 'yuri'].map((name) => register(servers[1].clientUrl, name)))
  if (!alice || !bob || !carol || !xena || !yuri) throw new Error('nobody came')
  const third = servers[2]
  const zoe = third && (await register(third.clientUrl, 'zoe'))
  drive.note('everybody registered', 200, null)
  return { alice, bob, carol, xena, yuri, ...(zoe && { zoe }) }
}
