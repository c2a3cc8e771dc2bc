import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { JsonValue } from '@roomserver/types'
import { writeConfiguration } from '@roomserver/testing'
import { Drive, eventually } from './drive.ts'
import type { Polyliths } from './polylith.ts'
import { act, createRoom, history, join as joinRoom, send, seeRoom, setState } from './room.ts'
import { gather, type People } from './scenario.ts'
import { runStoriesWith } from './run-scenarios.ts'

/** Something that has to be so after the takeover. */
export interface Check {
  readonly what: string
  readonly holds: boolean
}

/**
 * What an operator does: the reference's room server ran, its database is imported, ours takes its place, and users go on
 * in the rooms that they had. Then the reference's takes its place again. The stories of the reference are told before.
 *
 * @param cli - the command line of our program, without its arguments
 */
export async function takeOver(polyliths: Polyliths, cli: readonly string[]): Promise<readonly Check[]> {
  const drive = new Drive()
  const { servers } = polyliths
  const people = await gather(drive, servers)
  await runStoriesWith(drive, people, servers)
  const rooms = await roomsBefore(drive, people, servers[0].serverName)
  const before = await Promise.all(rooms.map((room) => seeRoom(people.alice, room)))

  const database = await polyliths.freshDatabase()
  const imported = await importInto(polyliths.database, database, cli)
  await polyliths.replaceRoomserver([...cli, 'serve', '--config'], database)
  const after = await Promise.all(rooms.map((room) => seeRoom(people.alice, room)))
  const wentOn = await isGoing(drive, people, rooms)
  await polyliths.restoreRoomserver()
  return [
    { what: 'the import ends with every room as in the source', holds: imported },
    ...rooms.map((_, index) => ({
      what: `room ${index + 1} looks to alice as before`,
      holds: JSON.stringify(before[index]) === JSON.stringify(after[index]),
    })),
    ...wentOn,
    ...(await backAgain(drive, people, rooms)),
  ]
}

/** A room of this homeserver alone, and one that the other homeserver shares. */
async function roomsBefore(
  drive: Drive,
  { alice, bob, xena }: People,
  serverName: string,
): Promise<string[]> {
  const options = { preset: 'public_chat', room_version: '9' }
  const own = await createRoom(drive, 'takeover', alice, { ...options, name: 'Before' })
  await joinRoom(drive, 'takeover: bob joins', bob, own)
  const message = await send(drive, 'takeover: bob talks', bob, own, 'said before')
  await drive.call('takeover: alice redacts', alice, 'PUT', redactPath(own, message, drive), {})
  const shared = await createRoom(drive, 'shared', alice, { ...options, room_alias_name: 'takeover' })
  await joinRoom(drive, 'takeover: xena joins', xena, `#takeover:${serverName}`)
  await send(drive, 'takeover: xena talks', xena, shared, 'said from afar before')
  await heard(alice, shared, 'said from afar before')
  return [own, shared]
}

async function isGoing(
  drive: Drive,
  { alice, bob, carol, xena }: People,
  rooms: readonly string[],
): Promise<Check[]> {
  const [own = '', shared = ''] = rooms
  const from = drive.observations.length
  await send(drive, 'after: alice talks', alice, own, 'said after')
  await setState(drive, 'after: a new name', alice, own, 'm.room.name', { name: 'After' })
  await joinRoom(drive, 'after: carol joins', carol, own)
  await act(drive, 'after: alice kicks bob', alice, own, 'kick', bob)
  await send(drive, 'after: alice talks to xena', alice, shared, 'said here after')
  await send(drive, 'after: xena talks', xena, shared, 'said from afar after')
  const calls = drive.observations.slice(from)
  const state = JSON.stringify((await seeRoom(alice, own)).state)
  return [
    ...calls.map(({ step, status }) => ({ what: step, holds: status === 200 })),
    {
      what: 'after: the room has its new name and members',
      holds: state.includes('"After"') && state.includes(carol.id),
    },
    { what: 'after: what was said before is still there', holds: await heard(alice, own, 'Before') },
    { what: 'after: xena hears alice', holds: await heard(xena, shared, 'said here after') },
    { what: 'after: alice hears xena', holds: await heard(alice, shared, 'said from afar after') },
  ]
}

/** What happened meanwhile comes back where another homeserver has it, and not in rooms of this one alone. */
async function backAgain(
  drive: Drive,
  { alice, xena }: People,
  [own = '', shared = '']: readonly string[],
): Promise<Check[]> {
  const from = drive.observations.length
  const state = JSON.stringify((await seeRoom(alice, own)).state)
  await send(drive, 'back: alice talks', alice, own, 'said when back')
  await send(drive, 'back: xena talks', xena, shared, 'said from afar when back')
  const heardXena = await heard(alice, shared, 'said from afar when back')
  await send(drive, 'back: alice talks to xena', alice, shared, 'said here when back')
  const calls = drive.observations.slice(from)
  return [
    ...calls.map(({ step, status }) => ({ what: step, holds: status === 200 })),
    { what: 'back: the room of our own is as it was', holds: state.includes('"Before"') },
    { what: 'back: alice hears xena', holds: heardXena },
    { what: 'back: xena hears alice', holds: await heard(xena, shared, 'said here when back') },
    { what: 'back: what was said meanwhile is there', holds: await heard(alice, shared, 'said here after') },
  ]
}

async function heard(user: People['alice'], room: string, text: string): Promise<boolean> {
  const has = (messages: readonly JsonValue[]) => JSON.stringify(messages).includes(text)
  return has(await eventually(() => history(user, room), has))
}

function redactPath(room: string, event: string, drive: Drive): string {
  return `/_matrix/client/r0/rooms/${encodeURIComponent(room)}/redact/${encodeURIComponent(event)}/${drive.transaction()}`
}

/** `roomserver import dendrite`, as an operator runs it. */
async function importInto(from: string, to: string, cli: readonly string[]): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-import-'))
  const config = await writeConfiguration({ serverName: 'localhost', database: to }, folder, 7770)
  const [command, ...args] = [...cli, 'import', 'dendrite', '--config', config, '--from', from]
  try {
    const { stdout } = await promisify(execFile)(command ?? '', args)
    console.log(stdout.trim())
    return stdout.includes('Every room has the same state')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
