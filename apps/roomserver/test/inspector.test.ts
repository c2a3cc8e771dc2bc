import { join } from 'node:path'
import { openStorage } from '@roomserver/storage'
import { emptyPage, RoomBuilder, startChromium } from '@roomserver/testing'
import { NO_CHANGES } from '@roomserver/types'
import axe from 'axe-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { configFile, folder, Program } from './program.ts'

const FREE_PORT = ['--listen', '127.0.0.1:0']
const TOKEN = 'a-token-that-nobody-guesses'

type Browser = Awaited<ReturnType<typeof startChromium>>
type Page = Awaited<ReturnType<Browser['newPage']>>

// One browser for all tests, which takes long to start. Each server is an origin of its own, with a storage of its own.
let browser: Browser
let page: Page
beforeAll(async () => {
  browser = await startChromium()
})
beforeEach(async () => {
  page = await emptyPage(browser)
})
afterAll(() => browser.close())

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
})

/** The link to a view of the room that is shown. */
const viewOf = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Views of the room' }).getByRole('link', { name, exact: true })

/** What axe-core finds wrong with what the page shows: rule and element. */
async function axeFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const checker = (globalThis as unknown as { readonly axe: typeof axe }).axe
    const { violations } = await checker.run({ resultTypes: ['violations'] })
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`))
  })
}

/** How the page is looked at. */
const LOOKS = [
  [1_100, 'light'],
  [1_100, 'dark'],
  [360, 'light'],
] as const

/** Takes a picture for the documentation, when pictures are wanted. */
async function picture(page: Page, name: string): Promise<void> {
  const pictures = process.env['INSPECTOR_PICTURES']
  if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`) })
}

it('lets someone purge a room, who sees before what would happen', async () => {
  await using program = await Program.serving([...FREE_PORT, '--data', folder()])
  const room = await builtRoom()
  await program.post('inputRoomEvents', inputsOf(room))
  const errors: string[] = []
  page.on('pageerror', ({ message }) => errors.push(message))
  await page.setViewportSize({ width: 1_100, height: 640 })
  await page.goto(`${program.url}/inspect/`)
  await page.getByRole('heading', { name: 'Town hall' }).waitFor()
  await page.getByRole('link', { name: 'Changes', exact: true }).click()
  await page.getByLabel('Your name, for the audit log').fill('carol from support')
  const purge = page.getByRole('region', { name: 'Purge the room' })
  await purge.getByRole('button', { name: 'What would happen?' }).click()
  await purge
    .getByText(/8 events, .* would be deleted\. 2 users of this server are in it: .* refuse/)
    .waitFor()
  await purge.getByRole('button', { name: 'Delete the room' }).click()
  await purge.getByRole('alert').getByText('2 users of this server are joined').waitFor()
  // What was tried does not count any more when something else is chosen.
  await purge.getByLabel('Take users of this server out first').check()
  expect(await purge.getByRole('button', { name: 'Delete the room' }).count()).toBe(0)
  await purge.getByRole('button', { name: 'What would happen?' }).click()
  await purge.getByText(/would be taken out first/).waitFor()
  await purge.scrollIntoViewIfNeeded()
  await picture(page, 'purge')
  for (const [width, colorScheme] of LOOKS) {
    await page.setViewportSize({ width, height: 640 })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    expect(await axeFindings(page), `${width} ${colorScheme}`).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
  }
  await purge.getByRole('button', { name: 'Delete the room' }).click()
  const progress = page.getByRole('region', { name: 'The purge' })
  await progress.getByText('Everything is deleted.').waitFor()
  await progress.getByRole('link', { name: 'All rooms' }).click()
  await page.getByText('No room matches.').waitFor()
  expect(program.stdout).toContain('"audit":"purgeRoom"')
  expect(program.stdout).toContain('carol from support')
  expect(errors).toEqual([])
})

it('shows events and changes of a room as they come, and blocks it', async () => {
  await using program = await Program.serving([...FREE_PORT, '--data', folder()])
  const room = await builtRoom()
  await program.post('inputRoomEvents', inputsOf(room))
  await page.goto(`${program.url}/inspect/`)
  await page.getByRole('heading', { name: 'Town hall' }).waitFor()
  await viewOf(page, 'Live').click()
  const came = page.getByRole('log', { name: 'What has come' })
  await page.getByText('Nothing has come so far.').waitFor()
  // The event, and the change of the state that it is.
  const both = async (): Promise<number> => {
    await room.state('m.room.topic', '', { topic: `topic ${room.events.length}` })
    await program.post('inputRoomEvents', inputsOf(room))
    return await came.getByText(/topic/).count()
  }
  await expect.poll(both).toBeGreaterThan(1)
  expect(await axeFindings(page)).toEqual([])
  await page.getByRole('link', { name: 'Changes', exact: true }).click()
  const block = page.getByRole('region', { name: 'Block the room', exact: true })
  await block.getByLabel('Reason').fill('spam')
  await block.getByRole('button', { name: 'What would happen?' }).click()
  await block.getByText(/would take no new events/).waitFor()
  await block.getByRole('button', { name: 'Block the room' }).click()
  await block.getByText(/The room takes no new events/).waitFor()
  const unblock = page.getByRole('region', { name: 'Unblock the room' })
  await unblock.getByRole('button', { name: 'What would happen?' }).click()
  await unblock.getByRole('button', { name: 'Unblock the room' }).click()
  await unblock.getByText('The room takes events again.').waitFor()
})

it('shows what comes in all rooms, each with its verdict and a way to the room and the event', async () => {
  await using program = await Program.serving([...FREE_PORT, '--data', folder()])
  const hall = await builtRoom()
  await program.post('inputRoomEvents', inputsOf(hall))
  const errors: string[] = []
  page.on('pageerror', ({ message }) => errors.push(message))
  await page.setViewportSize({ width: 1_100, height: 640 })
  await page.goto(`${program.url}/inspect/`)
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Live' }).click()
  await page.getByRole('heading', { name: 'All rooms live' }).waitFor()
  const came = page.getByRole('log', { name: 'What has come' })
  await page.getByText('Nothing has come so far.').waitFor()
  // A room that did not exist when the view was opened, and one that did.
  const garden = await RoomBuilder.create({ creator: '@alice:localhost', roomId: '!garden:localhost' })
  await garden.state('m.room.name', '', { name: 'Garden' })
  await garden.join('@bob:localhost')
  await garden.message('The roses are in bloom', { sender: '@bob:localhost' })
  await program.post('inputRoomEvents', inputsOf(garden))
  await came.getByText('The roses are in bloom').waitFor()
  await hall.state('m.room.topic', '', { topic: 'Meeting at nine' })
  await hall.state('m.room.topic', '', { topic: 'No meeting' }, { sender: '@bob:localhost' })
  await program.post('inputRoomEvents', inputsOf(hall))
  const refused = came.getByRole('article').filter({ hasText: 'No meeting' })
  await refused.getByText(/has level 0, sending m\.room\.topic needs 50/).waitFor()
  await came.getByRole('article').filter({ hasText: 'Meeting at nine' }).first().waitFor()
  await came
    .getByText(/when that event arrived/)
    .first()
    .waitFor()
  // What was there before is not shown, and nothing comes twice.
  expect(await came.getByRole('article').count()).toBe(garden.events.length + 2)
  await picture(page, 'live')
  for (const [width, colorScheme] of LOOKS) {
    await page.setViewportSize({ width, height: 640 })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    expect(await axeFindings(page), `${width} ${colorScheme}`).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
  }
  await refused.getByRole('link', { name: /m\.room\.topic/ }).click()
  await page.getByText('✕ Rejected').first().waitFor()
  await page.goBack()
  await page.getByRole('heading', { name: 'All rooms live' }).waitFor()
  expect(errors).toEqual([])
})

/** The label or the text of what has the focus, as a page finds it. */
const FOCUSED = `(document.activeElement?.labels?.[0]?.textContent ?? document.activeElement?.textContent ?? '')`

/** Goes on from what has the focus until something with a name has it. */
async function tabTo(page: Page, name: string, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  for (let presses = 0; presses < 120; presses++) {
    await page.keyboard.press(key)
    const focused: string = await page.evaluate(FOCUSED)
    if (focused.trim().startsWith(name)) return
  }
  throw new Error(`the keyboard does not lead to ${name}`)
}

it('lets someone purge the history of a room and see what comes with the keyboard alone', async () => {
  await using program = await Program.serving([...FREE_PORT, '--data', folder()])
  const room = await builtRoom()
  for (let at = 0; at < 5; at++) await room.message(`message ${at}`)
  await program.post('inputRoomEvents', inputsOf(room))
  const { keyboard } = page
  await page.goto(`${program.url}/inspect/#/room/${encodeURIComponent(room.roomId)}/changes`)
  await page.getByRole('region', { name: 'Purge the history' }).waitFor()
  await tabTo(page, 'Your name, for the audit log')
  await keyboard.type('carol from support')
  await tabTo(page, 'Before this event')
  await keyboard.type(room.events.at(-2)?.eventId ?? '')
  await tabTo(page, 'What would happen?')
  await keyboard.press('Enter')
  await page.getByText(/^5 events \(.* would be deleted\. 6 events before it stay/).waitFor()
  await tabTo(page, 'Delete the history')
  await keyboard.press('Enter')
  await page.getByText('5 of 11 events are deleted. The history is purged.').waitFor()
  expect(program.stdout).toContain('carol from support')

  await tabTo(page, 'Live', 'Shift+Tab')
  await keyboard.press('Enter')
  await page.getByText('Nothing has come so far.').waitFor()
  await tabTo(page, 'Pause')
  await keyboard.press('Enter')
  await page.getByText('paused', { exact: true }).waitFor()
  await keyboard.press('Enter')
  const came = page.getByRole('log', { name: 'What has come' })
  await expect
    .poll(
      async () => {
        await room.message(`message ${room.events.length}`)
        await program.post('inputRoomEvents', inputsOf(room))
        return await came.getByRole('link').count()
      },
      { timeout: 20_000 },
    )
    .toBeGreaterThan(0)
  await keyboard.press('Tab')
  await keyboard.press('Enter')
  await page.getByRole('complementary', { name: 'The chosen event' }).waitFor()
})

/** Has an event that others build on be a forward extremity of a room, as a fault once made it. */
async function addStaleExtremity(file: string, roomId: string, eventId: string): Promise<void> {
  await using storage = await openStorage({ dialect: 'sqlite', file })
  const room = await storage.room(roomId)
  const [event] = await storage.eventsById([eventId])
  if (room === undefined || event === undefined) throw new Error('the room or the event is not stored')
  const next = { ...room, extremities: [...room.extremities, event.nid] }
  await storage.commit([{ ...NO_CHANGES, room, next }])
}

it('lets someone repair a room, who sees before what would change', async () => {
  const files = folder()
  const file = join(files, 'rooms.db')
  const database = { connection_string: `file:${file}` }
  const roomserver = { inspection: { page: true }, administration: { enabled: true } }
  const config = configFile(files, { room_server: { database }, roomserver })
  const room = await builtRoom()
  {
    await using program = await Program.serving(['--config', config])
    await program.post('inputRoomEvents', inputsOf(room))
    await program.stop()
  }
  const stale = room.events[4]?.eventId ?? ''
  await addStaleExtremity(file, room.roomId, stale)
  await using program = await Program.serving(['--config', config])
  const errors: string[] = []
  page.on('pageerror', ({ message }) => errors.push(message))
  await page.setViewportSize({ width: 1_100, height: 640 })
  await page.goto(`${program.url}/inspect/#/room/${encodeURIComponent(room.roomId)}/changes`)
  await page.getByLabel('Your name, for the audit log').fill('carol from support')
  const repair = page.getByRole('region', { name: 'Repair the state' })
  const tryIt = repair.getByRole('button', { name: 'What would happen?' })
  await tryIt.click()
  await repair.getByText('Nothing would change.').waitFor()
  await repair.getByLabel('Repair').selectOption('Drop stale forward extremities')
  await tryIt.click()
  await repair.getByText(`This would drop 1 forward extremity: ${stale}`).waitFor()
  await picture(page, 'repair')
  for (const [width, colorScheme] of LOOKS) {
    await page.setViewportSize({ width, height: 640 })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    expect(await axeFindings(page), `${width} ${colorScheme}`).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
  }
  await repair.getByRole('button', { name: 'Repair the room' }).click()
  await repair.getByText(`Dropped 1 forward extremity: ${stale}`).waitFor()
  await tryIt.click()
  await repair.getByText('Nothing would change.').waitFor()
  // Nobody can be asked here, and the page says so.
  const again = page.getByRole('region', { name: 'Ask again for missing events' })
  await again.getByRole('button', { name: 'What would happen?' }).click()
  await again
    .getByRole('alert')
    .getByText(/a federation component/)
    .waitFor()
  expect(program.stdout).toContain('"audit":"repairRoom"')
  expect(program.stdout).toContain('carol from support')
  expect(errors).toEqual([])
})

it('offers no changes where the server does not allow them', async () => {
  const files = folder()
  const database = { connection_string: `file:${files}/rooms.db` }
  const roomserver = { inspection: { page: true }, administration: { enabled: false } }
  await using program = await Program.serving([
    '--config',
    configFile(files, { room_server: { database }, roomserver }),
  ])
  await program.post('inputRoomEvents', inputsOf(await builtRoom()))
  await page.goto(`${program.url}/inspect/`)
  await viewOf(page, 'Live').waitFor()
  expect(await viewOf(page, 'Changes').count()).toBe(0)
})

it('asks for the token of the server, and keeps it for this tab', async () => {
  const files = folder()
  const roomserver = { token: TOKEN, inspection: { page: true } }
  const database = { connection_string: `file:${files}/rooms.db` }
  const config = configFile(files, { room_server: { database }, roomserver })
  await using program = await Program.serving(['--config', config])
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
})

it('serves no inspector with a configuration file that does not ask for it', async () => {
  const files = folder()
  const database = { connection_string: `file:${files}/rooms.db` }
  await using program = await Program.serving(['--config', configFile(files, { room_server: { database } })])
  expect((await fetch(`${program.url}/inspect/`)).status).toBe(404)
})
