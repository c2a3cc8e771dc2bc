import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { folder, run } from './program.ts'

it('lists what waits, and shows what rebuilding a room would change', async () => {
  const data = folder()
  const room = await RoomBuilder.create()
  const file = join(data, 'events.jsonl')
  writeFileSync(file, room.events.map(({ json }) => json).join('\n'))
  await run('replay', '--data', data, file)
  expect(await run('repair', '--data', data)).toMatchObject({
    status: 0,
    text: '0 events wait for missing events\n',
  })

  const shown = await run('repair', room.roomId, '--data', data, '--recompute-state', '--prune-extremities')
  expect(shown.text).toContain('state from the forward extremities: 0 entries differ')
  expect(shown).toMatchObject({ status: 0, text: expect.stringContaining('Nothing was changed') })
  const alone = await run('repair', room.roomId, '--data', data)
  expect(alone).toMatchObject({ status: 1, errors: expect.stringContaining('a federation component') })
})
