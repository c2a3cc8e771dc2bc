import { startChromium } from '@roomserver/testing'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { axeFindings, type Browser, chooseFile, openPage, picture, visit } from './inspector-page.ts'
import { lostTopicRoom } from './rooms.ts'

let browser: Browser
const built = inject('inspectorPage')
beforeAll(async () => {
  browser = await startChromium()
})
afterAll(() => browser.close())

const VIEWS = [
  '',
  '/state',
  '/diff',
  '/history?type=m.room.topic',
  '/journal',
  '/resolution',
  '/what-if',
  '/overview',
  '/members',
]

describe.each([
  ['on a screen', { width: 1_180, height: 760, scheme: 'light' }],
  ['in the dark', { width: 1_180, height: 760, scheme: 'dark' }],
  ['on a phone', { width: 360, height: 720, scheme: 'light' }],
] as const)('%s', (where, look) => {
  it('axe finds nothing in any view, and nothing is wider than the screen', async () => {
    const opened = await openPage(browser, built, look)
    const { page } = opened
    expect(await axeFindings(page), 'start').toEqual([])
    const { roomId, text } = await lostTopicRoom()
    await chooseFile(page, 'room.jsonl', text)
    const check = async (what: string): Promise<void> => {
      expect(await axeFindings(page), what).toEqual([])
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      expect(width, what).toBeLessThanOrEqual(look.width)
    }
    for (const view of VIEWS) {
      await visit(page, `#/room/${encodeURIComponent(roomId)}${view}`)
      await check(view)
      if (where === 'on a phone' && view === '') await picture(page, 'phone')
    }
    await visit(page, '#/rooms')
    await check('rooms')
    await visit(page, `#/room/${encodeURIComponent(roomId)}`)
    await page.getByRole('option').filter({ hasText: 'Ulysses' }).click()
    await page.getByRole('heading', { name: 'Authorization rules' }).waitFor()
    await check('event')
    await page.keyboard.press('?')
    await page.getByRole('dialog').waitFor()
    await check('legend')
  })
})
