import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { emptyPage, type startChromium } from '@roomserver/testing'
import axe from 'axe-core'

/** Chromium as the tests use it. */
export type Browser = Awaited<ReturnType<typeof startChromium>>
export type Page = Awaited<ReturnType<Browser['newPage']>>

const folder = mkdtempSync(join(tmpdir(), 'inspector-'))

/** The page as a file on a disk, with all that it says to the console and asks the network for. */
export interface OpenedPage {
  readonly page: Page
  readonly errors: readonly string[]
  readonly requests: readonly string[]
}

/** How the page is looked at. */
export interface Look {
  readonly width?: number
  readonly height?: number
  readonly scheme?: 'light' | 'dark'
}

/** Opens the built page from the disk. */
export async function openPage(browser: Browser, built: string, look: Look = {}): Promise<OpenedPage> {
  const { height = 640, scheme = 'light', width = 1_100 } = look
  const page = await emptyPage(browser)
  await page.setViewportSize({ width, height })
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
  const errors: string[] = []
  const requests: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text())
  })
  page.on('request', (request) => requests.push(request.url()))
  await page.goto(pathToFileURL(join(built, 'index.html')).href)
  await page.getByRole('heading', { name: 'Look inside a room' }).waitFor()
  return { page, errors, requests }
}

/**
 * Writes a file that a page can be given.
 *
 * @returns where it is
 */
export function writeFile(name: string, text: string | Uint8Array): string {
  const path = join(mkdtempSync(join(folder, 'file-')), name)
  writeFileSync(path, text)
  return path
}

/** Chooses a file, and waits until its room is shown. */
export async function chooseFile(page: Page, name: string, text: string): Promise<void> {
  await page.setInputFiles('input[type=file]', writeFile(name, text))
  await page.getByRole('listbox', { name: /^Event graph/ }).waitFor()
  // The graph of a large file is there before the verdicts.
  await page.getByText(/^(Reading|Working out the room)/).waitFor({ state: 'detached', timeout: 60_000 })
}

/** Shows a view of the page by its address. */
export async function visit(page: Page, hash: string): Promise<void> {
  await page.evaluate((to) => {
    location.hash = to
  }, hash)
  await page.waitForFunction(() => !/Loading/.test(document.body.innerText))
}

type Axe = typeof axe

/** What axe-core finds wrong with what the page shows: rule and element. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const checker = (globalThis as unknown as { readonly axe: Axe }).axe
    const { violations } = await checker.run({ resultTypes: ['violations'] })
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`))
  })
}

/** Where the pictures of the documentation go; `undefined`: none are taken. */
const PICTURES = process.env['INSPECTOR_PICTURES']

/** Takes a picture of what is shown, when pictures are wanted. */
export async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, `${name}.png`) })
}
