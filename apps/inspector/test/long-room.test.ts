import { startChromium } from '@roomserver/testing'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { type Browser, chooseFile, openPage } from './inspector-page.ts'
import { longRoom } from './rooms.ts'

let browser: Browser
const built = inject('inspectorPage')
beforeAll(async () => {
  browser = await startChromium()
})
afterAll(() => browser.close())

it('draws what is looked at, and loads more as one goes back', async () => {
  await using opened = await openPage(browser, built)
  const { page } = opened
  await chooseFile(page, 'plaza.jsonl', (await longRoom(2_500)).text)
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
