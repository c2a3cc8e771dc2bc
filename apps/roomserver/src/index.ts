#!/usr/bin/env -S node --max-semi-space-size=16

/** The oldest Node.js whose `node:sqlite` the program can use. */
const OLDEST_NODE = 24

// The program is loaded afterwards: an older Node.js fails at its imports, with a stack.
if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  process.stderr.write(
    `roomserver: needs Node.js ${OLDEST_NODE} or later, and this is ${process.version}; a checkout has one: node_modules/.bin/node apps/roomserver/dist/index.js\n`,
  )
  process.exitCode = 1
} else {
  const { run } = await import('./cli.ts')
  await run(process.argv)
}
