import { startChromium } from '@roomserver/testing'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { type Browser, chooseFile, openPage, type Page, visit, writeFile } from './inspector-page.ts'
import { longRoom, refusingRoom } from './rooms.ts'

let browser: Browser
let plaza: string
const built = inject('inspectorPage')
beforeAll(async () => {
  browser = await startChromium()
  plaza = (await longRoom(2_500)).text
})
afterAll(() => browser.close())

/** Holds the turns that the page gives away, from the second on, so that a file is opened no further than that. */
async function holdTurns(page: Page): Promise<{ readonly release: () => Promise<unknown> }> {
  await using _script = await page.addInitScript(() => {
    const held: (() => void)[] = []
    let turns = 0
    let isReleased = false
    class HeldChannel {
      readonly port1: { onmessage?: () => void } = {}
      readonly port2 = {
        postMessage: (): void => {
          const go = (): void => void setTimeout(() => this.port1.onmessage?.())
          if (++turns === 1 || isReleased) go()
          else held.push(go)
        },
      }
    }
    const release = (): void => {
      isReleased = true
      for (const go of held) go()
    }
    Object.assign(globalThis, { MessageChannel: HeldChannel, release })
  })
  await page.reload()
  return { release: () => page.evaluate('release()') }
}

it('shows the graph of a large file at once, and the verdicts as they come', async () => {
  const opened = await openPage(browser, built)
  const { page } = opened
  const { release } = await holdTurns(page)
  await page.setInputFiles('input[type=file]', writeFile('plaza.jsonl', plaza))
  const list = page.getByRole('listbox', { name: /^Event graph/ })
  const newest = list.getByRole('option').first()
  await newest.filter({ hasText: 'let me in' }).filter({ hasText: 'not evaluated yet' }).waitFor()
  await page.getByRole('status').filter({ hasText: 'Reading plaza.jsonl' }).waitFor()
  // Nothing is said to be not accepted before that is known.
  await page.getByLabel('Which events').selectOption('Not accepted')
  await expect.poll(() => list.getByRole('option').count()).toBe(0)
  await page.getByLabel('Which events').selectOption('All events')
  await newest.click()
  const panel = page.getByRole('complementary', { name: 'The chosen event' })
  await panel.getByText('Loading the event').waitFor()
  await release()
  await panel.getByText('✕ Rejected by its auth events').waitFor({ timeout: 60_000 })
  await newest.filter({ hasText: 'rejected' }).waitFor()
  await expect.poll(() => list.getByText('not evaluated yet').count()).toBe(0)
  expect(await page.getByText(/^(Reading|Working out)/).count()).toBe(0)
  // What nothing accepted builds on is there as well when one comes back.
  await page.getByRole('link', { name: 'Journal', exact: true }).click()
  await page.getByRole('heading', { name: /plaza/i }).waitFor()
  await page.getByRole('link', { name: 'Graph', exact: true }).click()
  await list.getByRole('option').filter({ hasText: 'let me in' }).filter({ hasText: 'rejected' }).waitFor()
  expect(opened.errors).toEqual([])
})

it('draws what is looked at, and loads more as one goes back', async () => {
  const opened = await openPage(browser, built)
  const { page } = opened
  await chooseFile(page, 'plaza.jsonl', plaza)
  const list = page.getByRole('listbox', { name: /^Event graph/ })
  await page.getByLabel('Fold lines').uncheck()
  const goDown = async (): Promise<number> => {
    await list.evaluate((element) => element.scrollTo(0, element.scrollHeight))
    return page.getByRole('option').filter({ hasText: 'm.room.create' }).count()
  }
  await expect.poll(goDown, { timeout: 60_000 }).toBe(1)
  expect(await page.getByRole('option').count()).toBeLessThan(80)
  expect(opened.errors).toEqual([])
})

it('shows around an old event what was refused near it, and nothing that was refused later', async () => {
  const { afterFirstRefused, roomId, text } = await refusingRoom(400)
  const { errors, page } = await openPage(browser, built)
  await chooseFile(page, 'gate.jsonl', text)
  const list = page.getByRole('listbox', { name: /^Event graph/ })
  await list.getByText('and me').waitFor()
  await visit(
    page,
    `#/room/${encodeURIComponent(roomId)}?around=${encodeURIComponent(afterFirstRefused)}&only=trouble`,
  )
  const refused = list.getByRole('option')
  await refused.filter({ hasText: 'let me in' }).waitFor()
  const goOn = async (): Promise<number> => {
    await page
      .getByRole('button', { name: 'Load earlier events' })
      .click({ timeout: 1_000 })
      .catch(() => undefined)
    return await page.getByText(/events loaded/).count()
  }
  await expect.poll(goOn, { timeout: 60_000 }).toBe(0)
  expect(await refused.count()).toBe(1)
  expect(errors).toEqual([])
})

it('loads more of a graph that is folded to few rows only when asked', async () => {
  const opened = await openPage(browser, built)
  const { page } = opened
  await chooseFile(page, 'plaza.jsonl', plaza)
  const more = page.getByRole('button', { name: 'Load earlier events' })
  await more.waitFor()
  const loaded = page.getByText(/events loaded/)
  expect(await loaded.textContent()).toMatch(/^4\d\d events loaded/)
  const goOn = async (): Promise<number> => {
    // It is not there while more is being loaded.
    await more.click({ timeout: 1_000 }).catch(() => undefined)
    return await loaded.count()
  }
  await expect.poll(goOn, { timeout: 60_000 }).toBe(0)
  await page.getByText(/^[2-9],\d{3} events$/).waitFor()
  expect(await more.count()).toBe(0)
  expect(opened.errors).toEqual([])
})
