import { gzipSync } from 'node:zlib'
import { emptyPage, startChromium } from '@roomserver/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { type Browser, chooseFile, openPage, type Page, writeFile } from './inspector-page.ts'
import { servePage } from './page-server.ts'
import { closedRoom, longRoom, lostTopicRoom, type StoryRoom } from './rooms.ts'

let browser: Browser
const built = inject('inspectorPage')
beforeAll(async () => {
  browser = await startChromium()
})
afterAll(() => browser.close())

const alert = (page: Page) => page.getByRole('alert').first()
const hashOf = (page: Page) => page.evaluate(() => decodeURIComponent(location.hash))

/** Drops a file on the page, wherever it is. */
async function drop(page: Page, name: string, text: string): Promise<void> {
  const dropped = { name, text }
  await page.evaluate((file) => {
    const dataTransfer = new DataTransfer()
    dataTransfer.items.add(new File([file.text], file.name))
    dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }))
  }, dropped)
}

describe('files', () => {
  it.each([
    ['one that is compressed', gzipSync('{}'), 'x: it is compressed; unpack it first'],
    ['an empty one', '', 'x: there are no events in it'],
    ['something else', '<html></html>', 'x: there are no events in it: '],
  ])('says why it shows nothing: %s', async (_what, bytes, says) => {
    const { page } = await openPage(browser, built)
    await page.setInputFiles('input[type=file]', writeFile('x', bytes))
    expect(await alert(page).textContent()).toContain(`Could not open ${says}`)
  })

  it('shows the room of another file, and goes on to show it when a third one holds none', async () => {
    const { page } = await openPage(browser, built)
    await chooseFile(page, 'first.jsonl', (await lostTopicRoom()).text)
    const { roomId, text } = await closedRoom()
    await drop(page, 'second.jsonl', text.replaceAll(roomId, '!other:one.example'))
    await expect.poll(() => hashOf(page)).toBe('#/room/!other:one.example')
    await drop(page, 'third.jsonl', 'nothing')
    expect(await alert(page).textContent()).toContain('Could not open third.jsonl')
    await page.getByRole('listbox').getByRole('option').first().waitFor()
  })
})

describe('a server', () => {
  let room: StoryRoom
  let page: Page
  beforeAll(async () => {
    room = await longRoom(1_000)
  })
  beforeEach(async () => {
    page = await emptyPage(browser)
  })
  const listed = () => page.getByRole('listbox').getByRole('option').first()

  it.each(['broken', 503, 500] as const)('that fails (%s) is said to, at the start', async (fault) => {
    await using server = await servePage(built, room.text)
    server.fault = async () => fault
    await page.goto(`${server.url}#/room/!r`)
    expect(await alert(page).textContent()).toContain('Could not open the server: the server ')
    expect(await page.getByText('This link shows a room of a file').count()).toBe(0)
  })

  it.each([404, 405, 501])('that knows of no inspection (%i) is none', async (fault) => {
    await using server = await servePage(built, room.text)
    server.fault = async () => fault
    await page.goto(server.url)
    await page.getByText('Looking for a server').waitFor({ state: 'detached' })
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  it('that asks for a token says when it cannot be asked whether that is it, and when it was taken away', async () => {
    await using server = await servePage(built, room.text)
    server.fault = async () => 401
    await page.goto(server.url)
    await page.getByLabel('Token of this server').fill('\u2026')
    await page.getByRole('button', { name: 'Connect' }).click()
    expect(await alert(page).textContent()).toBe('The server does not accept this token.')
    await page.getByLabel('Token of this server').fill('x')
    server.fault = async () => 'broken'
    await page.getByRole('button', { name: 'Connect' }).click()
    await alert(page).getByText('the server does not answer').waitFor()
    server.fault = async () => undefined
    await page.getByRole('button', { name: 'Connect' }).click()
    await listed().waitFor()
    server.fault = async () => 401
    await page.getByRole('link', { name: 'Rooms' }).click()
    expect(await alert(page).textContent()).toContain('reload the page to give it')
  })

  it('that stops is not asked again and again, and shows the rest when it is back', async () => {
    await using server = await servePage(built, room.text)
    let graphs = 0
    server.fault = async (operation) => (operation === 'graph' && ++graphs > 1 ? 503 : undefined)
    await page.goto(server.url)
    await alert(page).getByText('Could not load the graph').waitFor()
    // Whatever would ask by itself has had its turn when the page has drawn a few times.
    for (let frame = 0; frame < 30; frame++)
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)))
    expect(graphs).toBe(2)
    server.fault = async () => undefined
    await page.getByRole('button', { name: 'Try again' }).click()
    await alert(page).waitFor({ state: 'detached' })
    server.fault = async () => 'broken'
    await page.getByRole('link', { name: 'Overview' }).click()
    await alert(page).waitFor()
    server.fault = async () => undefined
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('heading', { name: /Is anything wrong/ }).waitFor()
  })

  it('that knows nothing of a room is not waited for', async () => {
    await using server = await servePage(built, room.text)
    await page.goto(`${server.url}#/room/!unknown:one.example/live`)
    await alert(page).getByText('is not known here').waitFor()
    expect(await page.getByText('Asking the server').count()).toBe(0)
  })

  it('that is slow does not lead away from where one went meanwhile', async () => {
    await using server = await servePage(built, room.text)
    const slow = Promise.withResolvers<undefined>()
    server.fault = async (operation) => (operation === 'rooms' ? await slow.promise : undefined)
    await page.goto(server.url)
    await page.getByRole('link', { name: 'Live' }).click()
    const answered = page.waitForResponse(/rooms$/)
    slow.resolve(undefined)
    await (await answered).finished()
    await page.getByText('Nothing has come so far').waitFor()
    expect(await hashOf(page)).toBe('#/live')
  })

  it('that answers late does not take the place of a file', async () => {
    await using server = await servePage(built, room.text)
    const slow = Promise.withResolvers<undefined>()
    server.fault = async (operation) => (operation === 'activity' ? await slow.promise : undefined)
    await page.goto(server.url)
    await page.setInputFiles('input[type=file]', writeFile('mine.jsonl', (await closedRoom()).text))
    await listed().waitFor()
    const answered = page.waitForResponse(/purges$/)
    slow.resolve(undefined)
    await (await answered).finished()
    await page.getByRole('link', { name: 'Overview' }).click()
    await page.getByRole('heading', { name: /Is anything wrong/ }).waitFor()
    expect(await page.getByRole('banner').textContent()).toContain('mine.jsonl')
  })
})
