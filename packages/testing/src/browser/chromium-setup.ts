import { chromiumBinary } from './chromium.ts'

/** Before tests run in Chromium: finds it, or installs it. */
export default async function setup(): Promise<void> {
  await chromiumBinary()
}
