import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { explainFailure } from './failure-text.ts'

const folder = mkdtempSync(join(tmpdir(), 'failure-text-'))
const file = join(folder, 'file')
writeFileSync(file, '')

/** What an operator is told when the operating system refuses something. */
async function told(attempt: () => unknown): Promise<string> {
  try {
    await attempt()
    return 'it worked'
  } catch (error) {
    return explainFailure(error)
  }
}

function listen(host: string): Promise<void> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port: 0 }, () => server.close(() => resolve()))
  })
}

it.each([
  ['a folder where a file is wanted', () => readFileSync(folder), /is a folder$/],
  ['a file where a folder is wanted', () => mkdirSync(join(file, 'x')), /is not a folder$/],
  ['what is there already', () => mkdirSync(folder), /exists already$/],
  ['what is not there', () => readFileSync(join(folder, 'missing')), /missing does not exist$/],
  [
    'a host that nobody knows',
    () => listen('host.invalid'),
    /^the (?:host name host\.invalid is not known|name server does not answer)/,
  ],
  ['an address of another machine', () => listen('192.0.2.1'), /^192\.0\.2\.1 is not an address of this/],
  ['anything else', () => readlinkSync(file), /^EINVAL: invalid argument, readlink/],
])('explains in one line, without a stack: %s', async (_what, attempt, expected) => {
  const text = await told(attempt)
  expect(text).toMatch(expected)
  expect(text).not.toContain('\n')
})

it('asks for a report of what can only be a mistake of the program', () => {
  expect(explainFailure(new TypeError('x is not a function'))).toMatch(
    /^unexpected failure, please report it\n/,
  )
})
