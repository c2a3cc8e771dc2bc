import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Pdu } from '@roomserver/events'
import { openStorage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { rebuildRoom, auditRoom } from '../src/index.ts'
import { Homeserver } from './homeserver.ts'

/** A room on a file that can be damaged behind everybody's back. */
async function roomOnFile(fill: (room: RoomBuilder) => Promise<unknown>) {
  const file = join(mkdtempSync(join(tmpdir(), 'roomserver-rebuild-')), 'rooms.db')
  const room = await RoomBuilder.create()
  await fill(room)
  await using hs = new Homeserver(await openStorage({ dialect: 'sqlite', file }))
  await Promise.all(room.events.map((event) => hs.take(event)))
  const database = new DatabaseSync(file)
  return {
    room,
    file,
    extremities: await hs.extremities(room.roomId),
    damage: (sql: string) => database.exec(sql),
    [Symbol.dispose]: () => database.close(),
    /** What a server that starts on the file finds, and rebuilds unless it is a dry run. */
    async rebuild(isDryRun: boolean) {
      await using later = new Homeserver(await openStorage({ dialect: 'sqlite', file }))
      const parts = { store: later.storage, ...later.storage, input: later.input }
      const lines: string[] = []
      const record = await later.room(room.roomId)
      for await (const line of rebuildRoom(parts, record, { by: 'a test', isDryRun })) lines.push(line)
      return { lines, extremities: await later.extremities(room.roomId) }
    },
    async audit() {
      await using later = new Homeserver(await openStorage({ dialect: 'sqlite', file }))
      const lines: string[] = []
      const parts = { store: later.storage, ...later.storage }
      for await (const line of auditRoom(parts, await later.room(room.roomId))) lines.push(line)
      return lines
    },
  }
}

it('rebuilds a room of 201 events, of which it reads 200 at a time', async () => {
  using one = await roomOnFile(async (room) => {
    while (room.events.length < 201) await room.message(`${room.events.length}`)
  })
  const { room } = one
  const [before, last] = room.events.slice(-2).map(({ eventId }) => eventId)
  one.damage(`update events set verdict = 4 where event_id = '${last}'`)
  expect(await one.audit()).toEqual([`event ${last} is rejected-by-state, but the rules allow it`])
  one.damage(`update rooms set extremities = x''`)
  const found = `${before} was missing from the forward extremities`
  const undecided = `event ${last} cannot be rebuilt: the room has no current state`
  expect(await one.rebuild(true)).toEqual({ lines: [found, undecided], extremities: [] })
  // What is allowed after all comes in once it is known where the room ends.
  const allowed = `event ${last} was rejected-by-state, but the rules allow it`
  expect(await one.rebuild(false)).toEqual({ lines: [found, allowed], extremities: [last] })
  expect(await one.audit()).toEqual([])
})

/** Each of two events of a layer builds on both of the one before: as many ways down as 2 to the number of layers. */
it('walks once through events that were rejected, however many ways lead through them', async () => {
  using one = await roomOnFile(async (room) => {
    const [fork] = room.extremities
    let layer: readonly Pdu[] = fork === undefined ? [] : [fork]
    for (let n = 0; n < 40; n++) {
      const prev = layer
      const send = (side: string) => room.message(`${n} ${side}`, { sender: '@eve:e', prev })
      layer = [await send('left'), await send('right')]
    }
    await room.message('on top', { prev: layer })
  })
  const top = one.room.events.at(-1)?.eventId ?? ''
  expect(one.extremities).toEqual([top])
  one.damage(`update rooms set extremities = x''`)
  expect(await one.rebuild(false)).toEqual({
    lines: [`${top} was missing from the forward extremities`],
    extremities: [top],
  })
})

it('begins again where the room moves on while it is rebuilt', async () => {
  using one = await roomOnFile((room) => room.message('last'))
  one.damage(`update rooms set extremities = x'8f4e'`)
  await using later = new Homeserver(await openStorage({ dialect: 'sqlite', file: one.file }))
  const parts = { store: later.storage, ...later.storage, input: later.input }
  const lines: string[] = []
  const record = await later.room(one.room.roomId)
  for await (const line of rebuildRoom(parts, record, { by: 'a test', isDryRun: false })) {
    if (lines.push(line) === 1) one.damage('update rooms set revision = revision + 1')
  }
  const found = '1 forward extremities were not stored'
  const missing = `${one.extremities[0]} was missing from the forward extremities`
  expect(lines).toEqual([found, found, missing])
  expect(await later.extremities(one.room.roomId)).toEqual(one.extremities)
})
