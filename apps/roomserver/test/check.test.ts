import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { folder, run } from './program.ts'

const GOOD = '1 rooms checked, 0 findings\n'

it('finds nothing in a good store, and says what is wrong in a damaged one', async () => {
  const data = folder()
  const room = await RoomBuilder.create()
  const file = join(data, 'events.jsonl')
  writeFileSync(file, room.events.map(({ json }) => json).join('\n'))
  await run('replay', '--data', data, file)
  expect(await run('check', '--data', data)).toMatchObject({ status: 0, text: GOOD })

  const database = new DatabaseSync(join(data, 'roomserver.db'))
  database.exec(`delete from memberships; update rooms set extremities = x'';
    delete from state_keys where text = '@alice:a';
    update counters set next = 70 where kind = 'event'`)
  const dump = () => JSON.stringify(database.prepare('select * from rooms, counters').all())
  const damaged = dump()
  const { status, text } = await run('check', '--data', data)
  expect(status).toBe(1)
  expect(text).toContain(room.roomId)
  expect(text).toMatch(/means: .+\n {4}repair: .+/)
  expect(text).toContain('the counter of event NIDs is at 70')
  // By the event, as the text of the state key is lost.
  expect(text).toContain('the table of memberships, for @alice:a, has nothing')

  const dry = await run('check', '--data', data, '--repair', '--dry-run')
  expect(dry).toMatchObject({ status: 1, text: expect.stringContaining('to repair: ') })
  expect(dump()).toBe(damaged)
  database.close()

  const repaired = await run('check', '--data', data, '--repair')
  expect(repaired.text).toContain('repaired: 1 memberships, from the current state')
  expect(repaired).toMatchObject({ status: 0, text: expect.stringContaining('3 findings, 0 left') })
  expect(await run('check', '--data', data)).toMatchObject({ status: 0, text: GOOD })
})

it.each([['check'], ['backup', 'copy.db'], ['repair'], ['repair', '!room:a']])(
  'makes nothing where there is no store: %s',
  async (...command) => {
    const data = join(folder(), 'nothing')
    const { status, errors } = await run(...command, '--data', data)
    expect(status).toBe(1)
    expect(errors).toContain('no store at')
    expect(existsSync(data)).toBe(false)
  },
)
