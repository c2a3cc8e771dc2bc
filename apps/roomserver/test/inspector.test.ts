import { RoomBuilder, startChromium } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { configFile, folder, Program } from './program.ts'

const FREE_PORT = ['--listen', '127.0.0.1:0']
const TOKEN = 'a-token-that-nobody-guesses'

async function builtRoom(): Promise<RoomBuilder> {
  const room = await RoomBuilder.create({ creator: '@alice:localhost', roomId: '!r:localhost' })
  await room.state('m.room.name', '', { name: 'Town hall' })
  await room.join('@bob:localhost')
  await room.message('Hello')
  await room.state('m.room.topic', '', { topic: 'Mine' }, { sender: '@bob:localhost' })
  return room
}

function inputsOf({ events, rules }: RoomBuilder): object {
  const input_room_events = events.map(({ eventId, json }) => ({
    kind: 2,
    event: { ...(JSON.parse(json) as object), _room_version: rules.version, _event_id: eventId },
  }))
  return { input_room_events }
}

it('serves the inspector to a browser, which finds a room and why an event was rejected', async () => {
  await using program = await Program.serving([...FREE_PORT, '--data', folder()])
  await expect.poll(() => program.stderr).toContain(`Look inside rooms: ${program.url}/inspect/`)
  await program.post('inputRoomEvents', inputsOf(await builtRoom()))
  const browser = await startChromium()
  try {
    const page = await browser.newPage()
    const errors: string[] = []
    page.on('pageerror', ({ message }) => errors.push(message))
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    await page.goto(`${program.url}/inspect/`)
    // The only room is shown at once; all of them are a click away.
    await page.getByRole('heading', { name: 'Town hall' }).waitFor()
    await page.getByRole('link', { name: 'Rooms' }).click()
    await page.getByRole('button', { name: 'Events' }).click()
    await page.getByRole('link', { name: /Town hall/ }).click()
    await page.getByRole('listbox').getByRole('option').filter({ hasText: 'rejected' }).click()
    const panel = page.getByRole('complementary', { name: 'The chosen event' })
    await panel
      .getByText(/has level 0, sending m\.room\.topic needs 50/)
      .first()
      .waitFor()
    // A link to it leads there again.
    const link = page.url()
    await page.goto('about:blank')
    await page.goto(link)
    await page.getByText('✕ Rejected').first().waitFor()
    for (const view of ['State', 'Journal', 'Overview', 'Members']) {
      await page.getByRole('link', { name: view, exact: true }).click()
      await page.getByText('Loading').first().waitFor({ state: 'detached' })
      expect(await page.getByRole('alert').allTextContents(), view).toEqual([])
    }
    await page.getByRole('link', { name: 'Work' }).click()
    await page.getByText('Rooms with work').waitFor()
    expect(errors).toEqual([])
  } finally {
    await browser.close()
  }
})

it('asks for the token of the server, and keeps it for this tab', async () => {
  const files = folder()
  const roomserver = { token: TOKEN, inspection: { page: true } }
  const database = { connection_string: `file:${files}/rooms.db` }
  const config = configFile(files, { room_server: { database }, roomserver })
  await using program = await Program.serving(['--config', config])
  const browser = await startChromium()
  try {
    const page = await browser.newPage()
    await page.goto(`${program.url}/inspect/`)
    const field = page.getByLabel('Token of this server')
    await field.fill('another-token-that-is-wrong')
    await page.getByRole('button', { name: 'Connect' }).click()
    await page.getByRole('alert').getByText('does not accept this token').waitFor()
    await field.fill(TOKEN)
    await page.getByRole('button', { name: 'Connect' }).click()
    await page.getByRole('heading', { name: 'Rooms' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Rooms' }).waitFor()
    expect(await page.evaluate('localStorage.length')).toBe(0)
  } finally {
    await browser.close()
  }
})

it('serves no inspector with a configuration file that does not ask for it', async () => {
  const files = folder()
  const database = { connection_string: `file:${files}/rooms.db` }
  await using program = await Program.serving(['--config', configFile(files, { room_server: { database } })])
  expect((await fetch(`${program.url}/inspect/`)).status).toBe(404)
})
