import { startChromium } from '@roomserver/testing'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { type Browser, chooseFile, openPage, visit } from './inspector-page.ts'
import { hostileRoom } from './rooms.ts'

let browser: Browser
const built = inject('inspectorPage')
beforeAll(async () => {
  browser = await startChromium()
})
afterAll(() => browser.close())

const VIEWS = [
  '',
  '/state',
  '/history?type=m.room.topic',
  '/journal',
  '/overview',
  '/members',
  '/what-if',
  '/diff',
]

it('shows hostile content as text in every view', async () => {
  const opened = await openPage(browser, built)
  const { page } = opened
  const { roomId, text } = await hostileRoom()
  await chooseFile(page, 'hostile.jsonl', text)
  for (const view of VIEWS) {
    await visit(page, `#/room/${encodeURIComponent(roomId)}${view}`)
    const found = await page.evaluate(() => ({
      title: document.title,
      elements: document.querySelectorAll('#owned, #page img, #page script, #page iframe').length,
      // oxlint-disable-next-line no-control-regex -- these are looked for
      hidden: /[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u0000-\u0008\u001b]/.test(document.body.innerText),
      links: Array.from(document.links, ({ protocol }) => protocol).filter((one) =>
        /^(?:javascript|data):/.test(one),
      ),
    }))
    expect(found, view).toMatchObject({ elements: 0, hidden: false, links: [] })
    expect(found.title, view).not.toContain('owned')
  }
  expect(opened.errors).toEqual([])
})

it('writes out what cannot be seen, and cuts what is huge until all of it is asked for', async () => {
  const opened = await openPage(browser, built)
  const { page } = opened
  await chooseFile(page, 'hostile.jsonl', (await hostileRoom()).text)
  await page.getByRole('heading', { level: 1 }).getByText('\\u{202e}').waitFor()
  await page.getByRole('option').filter({ hasText: 'javascript:alert' }).first().click()
  const panel = page.getByRole('complementary', { name: 'The chosen event' })
  const block = panel.getByRole('region', { name: 'The event as text' })
  await block.waitFor()
  expect((await block.textContent())?.length).toBeLessThan(5_000)
  await panel.getByRole('button', { name: /^Show all/ }).click()
  expect((await block.textContent())?.length).toBeGreaterThan(50_000)
  expect(await block.textContent()).toContain('<script>document.title=')
})
