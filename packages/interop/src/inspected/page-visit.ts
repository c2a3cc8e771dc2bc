import { startChromium } from '@roomserver/testing'

type Browser = Awaited<ReturnType<typeof startChromium>>
type Page = Awaited<ReturnType<Browser['newPage']>>

/** A request that the page makes to the server. */
export interface PageRequest {
  readonly path: string
  readonly body: string
}

/** What a person does, and what the page asks the server for then. */
export interface Step {
  readonly name: string
  readonly requests: readonly PageRequest[]
}

/** What a visit to the page showed. */
export interface PageVisit {
  /** From the beginning of the navigation until rows of the graph are there: with the server just started, and then again. */
  readonly firstPicturesMs: readonly number[]
  /** Bytes of the page's heap with the first page of the graph, and after all steps. */
  readonly heapBytes: readonly number[]
  readonly steps: readonly Step[]
}

/** For how many tenths of a second nothing is being loaded once a view is there. */
const QUIET = 5

/** How often the first picture is waited for. */
const PICTURES = 5

/**
 * Opens the page in Chromium, waits for the first picture of the room, and takes the steps of a person who looks for why an
 * event is there.
 */
export async function visitPage(url: string, roomId: string, eventId: string): Promise<PageVisit> {
  const browser = await startChromium()
  try {
    const room = `#/room/${encodeURIComponent(roomId)}`
    // What Chromium itself takes the first time is not the page's.
    await (await browser.newPage()).goto(`${url}/livez`)
    const firstPicturesMs: number[] = []
    for (let number = 0; number < PICTURES; number++)
      firstPicturesMs.push(await firstPictureMs(browser, `${url}/inspect/${room}`))
    const page = await browser.newPage()
    await page.goto(`${url}/inspect/${room}`)
    await graphIsDrawn(page)
    const heapBytes = [await heapOf(page)]
    const at = `at=${encodeURIComponent(eventId)}&side=after`
    const places = [
      ['rooms', '#/rooms'],
      ['graph', room],
      ['event', `${room}?event=${encodeURIComponent(eventId)}`],
      ['state', `${room}/state?${at}`],
      ['history', `${room}/history?type=m.room.topic`],
      ['journal', `${room}/journal`],
      ['overview', `${room}/overview`],
      ['members', `${room}/members`],
    ] as const
    const steps: Step[] = []
    for (const [name, hash] of places) steps.push({ name, requests: await requestsAt(page, hash) })
    heapBytes.push(await heapOf(page))
    return { firstPicturesMs, heapBytes, steps }
  } finally {
    await browser.close()
  }
}

async function firstPictureMs(browser: Browser, address: string): Promise<number> {
  const page = await browser.newPage()
  const began = performance.now()
  await page.goto(address, { waitUntil: 'commit' })
  await graphIsDrawn(page)
  const took = performance.now() - began
  await page.close()
  return took
}

async function graphIsDrawn(page: Page): Promise<void> {
  await page.getByRole('listbox').getByRole('option').first().waitFor({ timeout: 60_000 })
}

/** Shows a view, and says what the page asks for until it has it. */
async function requestsAt(page: Page, hash: string): Promise<readonly PageRequest[]> {
  const requests: PageRequest[] = []
  const onRequest = (request: { url(): string; postData(): string | null }) => {
    const { pathname } = new URL(request.url())
    if (pathname.startsWith('/api/')) requests.push({ path: pathname, body: request.postData() ?? '' })
  }
  page.on('request', onRequest)
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
  // Several requests may come one after the other.
  for (let quiet = 0; quiet < QUIET; quiet++) {
    if (await page.evaluate(`/Loading/.test(document.body.innerText)`)) quiet = 0
    await page.waitForTimeout(100)
  }
  page.off('request', onRequest)
  return requests
}

/** Bytes of the heap that are in use, after a collection. */
async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  await session.detach()
  return usedSize
}
