/**
 * What a room with many events costs the page: `node --conditions=@roomserver/source apps/inspector/bench/long-room.ts 100000`
 */
import { startChromium } from '@roomserver/testing'
import { openPage, type Page, writeFile } from '../test/inspector-page.ts'
import { buildPage } from '../test/page-setup.ts'
import { longRoom } from '../test/rooms.ts'

const count = Number(process.argv[2] ?? 100_000)

/** Bytes of the heap that are in use, after a collection. */
async function heapBytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  return usedSize
}

/** The longest time between two frames while the graph is scrolled from top to bottom. */
function scrollThrough(page: Page): Promise<number> {
  return page.getByRole('listbox').evaluate(async (list) => {
    let longest = 0
    let last = performance.now()
    for (let step = 0; step <= 120; step++) {
      list.scrollTop = (list.scrollHeight * step) / 120
      await new Promise((resolve) => requestAnimationFrame(resolve))
      const now = performance.now()
      longest = Math.max(longest, now - last)
      last = now
    }
    return longest
  })
}

const { text } = await longRoom(count)
const path = writeFile('plaza.jsonl', text)
const browser = await startChromium()
const { page } = await openPage(browser, await buildPage())
const begun = performance.now()
await page.setInputFiles('input[type=file]', path)
await page.getByRole('listbox').getByRole('option').first().waitFor({ timeout: 600_000 })
const opened = performance.now()
await page.getByText(/^(Reading|Working out the room)/).waitFor({ state: 'detached', timeout: 600_000 })
const evaluated = performance.now()
const heap = await heapBytes(page)
await page.getByLabel('Fold lines').uncheck()
const list = page.getByRole('listbox')
const create = list.getByRole('option').filter({ hasText: 'm.room.create' })
const scrolling = performance.now()
while ((await create.count()) === 0) {
  await list.evaluate((element) => element.scrollTo(0, element.scrollHeight))
  await page.waitForTimeout(20)
}
const loaded = performance.now()
const longest = await scrollThrough(page)
console.log(`events             ${text.trimEnd().split('\n').length}`)
console.log(`file               ${(text.length / 1e6).toFixed(1)} MB`)
console.log(`first picture      ${((opened - begun) / 1e3).toFixed(1)} s after the file was chosen`)
console.log(`verdicts of all    ${((evaluated - begun) / 1e3).toFixed(1)} s after the file was chosen`)
console.log(`heap               ${(heap / 1e6).toFixed(0)} MB with the first page of the graph`)
console.log(
  `all rows           ${((loaded - scrolling) / 1e3).toFixed(1)} s, a page of the graph after the other`,
)
console.log(`heap               ${((await heapBytes(page)) / 1e6).toFixed(0)} MB with all rows`)
console.log(`longest frame      ${longest.toFixed(0)} ms, scrolling through all of them`)
await browser.close()
