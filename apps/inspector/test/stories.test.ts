import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startChromium } from '@roomserver/testing'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { type Browser, chooseFile, openPage, type Page, picture } from './inspector-page.ts'
import { closedRoom, lostTopicRoom, resetRoom } from './rooms.ts'

let browser: Browser
const built = inject('inspectorPage')
beforeAll(async () => {
  browser = await startChromium()
})
afterAll(() => browser.close())

type Locator = ReturnType<Page['getByRole']>

const panelOf = (page: Page) => page.getByRole('complementary', { name: 'The chosen event' })
const viewOf = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Views of the room' }).getByRole('link', { name, exact: true })

it('one finds out why a topic lost', async () => {
  const opened = await openPage(browser, built)
  const { page } = opened
  await chooseFile(page, 'book-club.jsonl', (await lostTopicRoom()).text)
  // Carol sees the fork, and that Bob's topic is on one side of it.
  const rows = page.getByRole('option')
  await rows.filter({ hasText: 'merges 2' }).waitFor()
  await rows.filter({ hasText: 'Ulysses' }).waitFor()
  await picture(page, 'graph')
  await rows.filter({ hasText: 'Why is the topic' }).click()
  await panelOf(page).getByText('✓ Accepted').waitFor()
  await panelOf(page).getByRole('link', { name: 'Resolution', exact: true }).click()
  // The steps of the resolution, one after another.
  await page.getByRole('heading', { name: '1. State sets' }).waitFor()
  await page.getByRole('button', { name: 'Next →' }).click()
  await page.getByRole('table').getByText('Ulysses').waitFor()
  await page.keyboard.press('ArrowRight')
  await page.getByRole('heading', { name: /^3\. / }).waitFor()
  await page.keyboard.press('ArrowRight')
  await page.getByRole('heading', { name: '4. Power events' }).waitFor()
  await picture(page, 'resolution')
  await page.getByRole('button', { name: /Result/ }).click()
  const result = page.getByRole('region', { name: 'Result' })
  await result.getByText(/is not joined \(membership: ban\)/).waitFor()
  // The address is a link to this step.
  expect(page.url()).toMatch(/#\/room\/.*\/resolution\?.*step=7/)
  expect(opened.errors).toEqual([])
})

it('one finds out why a user cannot join, and tries what would help', async () => {
  const opened = await openPage(browser, built)
  const { page } = opened
  await chooseFile(page, 'board.jsonl', (await closedRoom()).text)
  await page.getByLabel('Which events').selectOption('Not accepted')
  await page.getByRole('option').filter({ hasText: '@dave:four.example' }).click()
  const panel = panelOf(page)
  await panel.getByText('✕ Rejected by its auth events').waitFor()
  await panel.getByText('What would have had to be different').waitFor()
  await picture(page, 'rejected')
  await panel.getByText('Steps and values').first().click()
  await panel.getByText('the join rule is invite').first().waitFor()
  const rule = panel.getByRole('link', { name: /^v10 / }).first()
  expect(await rule.getAttribute('href')).toMatch(/^https:\/\/spec\.matrix\.org\/v1\.19\/rooms\/v10/)
  // The same join is tried, and then an invite by Alice.
  await panel.getByRole('link', { name: 'What if…' }).click()
  const outcome = page.getByRole('region', { name: 'Outcome' })
  await page.getByRole('button', { name: 'Would it be allowed?' }).click()
  await outcome.getByText('✕ not allowed').waitFor()
  await page.getByLabel('Sender').fill('@alice:one.example')
  await page.getByLabel('Content').fill('{"membership":"invite"}')
  await page.getByRole('button', { name: 'Would it be allowed?' }).click()
  await outcome.getByText('✓ allowed').waitFor()
  await picture(page, 'what-if')
  expect(opened.errors).toEqual([])
})

it('one explains a state reset', async () => {
  const opened = await openPage(browser, built)
  const { page } = opened
  await chooseFile(page, 'town-hall.jsonl', (await resetRoom()).text)
  await viewOf(page, 'Journal').click()
  await page.getByLabel('Only state resets').check()
  const entry = page.getByRole('listitem').filter({ hasText: 'state reset' })
  await entry.getByText('Meeting at nine').first().waitFor()
  await picture(page, 'journal')
  await entry.getByRole('link', { name: 'The resolution' }).click()
  await page.getByRole('button', { name: /Other events/ }).click()
  const checks = page.getByRole('region', { name: 'Other events' })
  await checks.getByText(/has level 0, sending m\.room\.topic needs 50/).waitFor()
  // The history of the topic says the same.
  await viewOf(page, 'History').click()
  await page.getByLabel('Type').fill('m.room.topic')
  await page.getByRole('button', { name: 'Show' }).click()
  await page.getByText('✓ current').waitFor()
  const gone = page.getByRole('listitem').filter({ hasText: '⚠ state reset' })
  await gone.getByText('Meeting at nine').first().waitFor()
  expect(opened.errors).toEqual([])
})

it('one opens a file, and nothing is sent anywhere', async () => {
  const opened = await openPage(browser, built)
  const { page, requests } = opened
  const { text } = await lostTopicRoom()
  const list = `[${text.trim().split('\n').join(',')}]`
  await chooseFile(page, 'events.json', list)
  const views = ['State', 'Difference', 'History', 'Journal', 'Resolution', 'What if', 'Overview', 'Members']
  for (const view of views) {
    await viewOf(page, view).click()
    await page.waitForFunction(() => !/Loading/.test(document.body.innerText))
    expect(await page.getByRole('alert').allTextContents(), view).toEqual([])
  }
  expect(requests.filter((url) => !url.startsWith('file:'))).toEqual([])
  expect(opened.errors).toEqual([])
  // It could not ask for anything even if it wanted to.
  const asked = () =>
    fetch('https://example.org/').then(
      () => 'answered',
      () => 'refused',
    )
  expect(await page.evaluate(asked)).toBe('refused')
  // A reload forgets the file; the link says so, and leads on with the file.
  await page.reload()
  await page.getByText('This link shows a room of a file.').waitFor()
  const file = { name: 'events.json', mimeType: 'application/json', buffer: Buffer.from(list) }
  await page.setInputFiles('input[type=file]', file)
  await page.getByRole('columnheader', { name: 'Membership' }).waitFor()
})

it('one takes a part of a room along as a scenario of TARDIS, and opens it again', async () => {
  const opened = await openPage(browser, built)
  const { page } = opened
  await chooseFile(page, 'book-club.jsonl', (await lostTopicRoom()).text)
  const saved = async (button: Locator): Promise<string> => {
    const [download] = await Promise.all([page.waitForEvent('download'), button.click()])
    expect(download.suggestedFilename()).toBe('story_one.example.json5')
    return readFileSync(await download.path(), 'utf8')
  }
  const button = { name: 'TARDIS scenario' }
  const toolbar = page.getByRole('group', { name: 'What the graph shows' })
  const whole = JSON.parse(await saved(toolbar.getByRole('button', button))) as Scenario
  expect(whole).toMatchObject({ tardis_version: 1, room_version: '10', room_id: '!story:one.example' })
  await page.getByRole('option').filter({ hasText: 'Ulysses' }).click()
  await panelOf(page).getByRole('heading', { name: 'Authorization rules' }).waitFor()
  const part = await saved(panelOf(page).getByRole('button', button))
  const { events } = JSON.parse(part) as Scenario
  expect(events.some(({ content }) => content['topic'] === 'Ulysses')).toBe(true)
  expect([whole, { events }].every((scenario) => scenario.events.length > 20)).toBe(true)
  await page.reload()
  await chooseFile(page, 'part.json5', part)
  await page.getByRole('option').filter({ hasText: 'Ulysses' }).waitFor()
  expect(opened.errors).toEqual([])
})

interface Scenario {
  readonly events: readonly { readonly content: Readonly<Record<string, unknown>> }[]
}

it('one pastes events, and sees what became of them', async () => {
  const opened = await openPage(browser, built)
  const { page } = opened
  const paste = page.getByLabel('Or paste events')
  // The events that the documentation gives for a first look.
  const playground = readFileSync(join(import.meta.dirname, '../../../docs/playground.md'), 'utf8')
  await paste.fill(/^```jsonl\n([\s\S]*?)^```$/m.exec(playground)?.[1] ?? '')
  await page.getByRole('button', { name: 'Show the room' }).click()
  await page.getByRole('option').filter({ hasText: 'merges 2' }).click()
  await panelOf(page).getByText('✓ Accepted').waitFor()
  await panelOf(page).getByRole('link', { name: 'Resolution', exact: true }).click()
  await page.getByRole('button', { name: /Result/ }).click()
  await page
    .getByRole('region', { name: 'Result' })
    .getByText(/is not joined \(membership: ban\)/)
    .waitFor()
  expect(opened.errors).toEqual([])
})

it('one walks the graph with the keyboard alone', async () => {
  const opened = await openPage(browser, built)
  const { page } = opened
  await chooseFile(page, 'book-club.jsonl', (await lostTopicRoom()).text)
  const list = page.getByRole('listbox', { name: /^Event graph/ })
  await list.focus()
  const active = async (): Promise<string> => {
    const id = await list.getAttribute('aria-activedescendant')
    return (await page.locator(`#${id}`).textContent()) ?? ''
  }
  await page.keyboard.press('n')
  expect(await active()).toMatch(/rejected|soft-failed/)
  await page.keyboard.press('End')
  expect(await active()).toContain('m.room.create')
  await page.keyboard.press('Enter')
  await panelOf(page).waitFor()
  await page.keyboard.press('Escape')
  await panelOf(page).waitFor({ state: 'detached' })
  await page.keyboard.press('/')
  await page.keyboard.type('ulysses')
  await page.getByRole('option').filter({ hasText: 'Ulysses' }).waitFor()
  await expect.poll(() => list.getByRole('option').count()).toBe(1)
})
