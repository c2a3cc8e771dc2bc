import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BrowserContext, Page } from 'playwright-core'
import { CHROMIUM_ARGS, CHROMIUM_PLACES, DEBIAN_CHROMIUM } from './chromium-options.ts'

const run = promisify(execFile)

/** Starts Chromium without a window. It is the one that `CHROMIUM_BIN` names, one of the system, or Debian's package. */
export async function startChromium(): Promise<BrowserContext> {
  // Most who import this package need no browser.
  const { chromium } = await import('playwright-core')
  return chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), 'chromium-')), {
    executablePath: await chromiumBinary(),
    headless: true,
    args: CHROMIUM_ARGS,
  })
}

/**
 * The tab that Chromium began with, empty and as a new one would be: a new tab is a process of its own, which takes a third of a
 * second of CPU time. Only the storage of origins stays as it was left.
 */
export async function emptyPage(browser: BrowserContext): Promise<Page> {
  const [page = await browser.newPage()] = browser.pages()
  page.removeAllListeners()
  await page.goto('about:blank')
  await page.setViewportSize({ width: 1_280, height: 720 })
  await page.emulateMedia({ colorScheme: null, reducedMotion: null })
  return page
}

/** Where Chromium is; installs it where it is missing. @throws {Error} when that does not work */
export async function chromiumBinary(): Promise<string> {
  const found = CHROMIUM_PLACES.find((place) => existsSync(place))
  return found ?? (await installChromium())
}

async function installChromium(): Promise<string> {
  try {
    await aptGet('install').catch(async () => {
      await aptGet('update')
      await aptGet('install')
    })
  } catch (cause) {
    const why = 'Chromium not found; could not install it with apt-get (needs root on Debian or Ubuntu)'
    throw new Error(`${why}: install it, or set CHROMIUM_BIN`, { cause })
  }
  return DEBIAN_CHROMIUM
}

function aptGet(command: 'install' | 'update'): Promise<unknown> {
  const what = command === 'install' ? ['-y', '--no-install-recommends', 'chromium'] : []
  return run('apt-get', [command, ...what], { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
}
