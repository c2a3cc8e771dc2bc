/** Where Debian's package has it. */
export const DEBIAN_CHROMIUM = '/usr/bin/chromium'

/** Where Chromium may be, the first that exists is taken; `CHROMIUM_BIN` names another one. */
export const CHROMIUM_PLACES = [
  process.env['CHROMIUM_BIN'] ?? '',
  DEBIAN_CHROMIUM,
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
]

/** It is to run without a window, also as root, and to ask nobody for anything. */
export const CHROMIUM_ARGS = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
