import { expect, test } from 'vitest'
import { canonicalJson } from '../src/json/canonical-json.ts'
import { parsePdu } from '../src/parse-pdu.ts'
import type { Pdu } from '../src/pdu.ts'
import { contentHash, eventIdOf, trustedPdu } from '../src/raw-event.ts'
import { verifySignatures } from '../src/verify-signatures.ts'
import { rulesOf } from '../test/fixture-events.ts'
import { messages } from './messages.ts'

// How many events a second of CPU time does (one core), on messages of about 900 characters. The messages are made up,
// or those of the shared workloads: WORKLOADS=FOLDER pnpm run bench
const rules = rulesOf('10')
const { texts, findKey } = await messages()
const pdus = texts.map((text) => taken(text))
const canonical = pdus.map(({ json }) => json)
const objects = texts.map((text) => JSON.parse(text) as object)

function taken(text: string): Pdu {
  const verdict = parsePdu(text, rules)
  if (!verdict.ok || !verdict.contentHashMatches) throw new Error('the workload holds an event that is none')
  return verdict.pdu
}

test.each<[string, () => void]>([
  ['text → parsed, checked, hashed, ID', () => texts.forEach(taken)],
  ['the same from canonical text', () => canonical.forEach(taken)],
  ['stored text → Pdu', () => canonical.forEach((text) => trustedPdu(text, '$id', rules))],
  [
    'content hash and event ID',
    () => canonical.forEach((text) => contentHash(text) + eventIdOf(text, rules)),
  ],
  ['canonical JSON of a parsed event', () => objects.forEach((object) => canonicalJson(object))],
])('%s', (name, work) => {
  expect(report(name, texts.length / secondsOfCpu(work), 'CPU time')).toBeGreaterThan(0)
})

test('with a signature each, all cores', async () => {
  const few = texts.slice(0, 1_000)
  const started = performance.now()
  const verdicts = await Promise.all(few.map((text) => verifySignatures(taken(text), findKey)))
  expect(verdicts.every(({ ok }) => ok)).toBe(true)
  report(
    'text → PDU with its signature, all cores',
    (few.length / (performance.now() - started)) * 1_000,
    'time',
  )
})

function report(name: string, perSecond: number, of: string): number {
  console.log(`${name}: ${Math.round(perSecond).toLocaleString('en')} events/s of ${of}`)
  return perSecond
}

/** What one run costs, over at least a second. */
function secondsOfCpu(work: () => void): number {
  for (let i = 0; i < 10; i++) work()
  const before = process.cpuUsage()
  let runs = 0
  for (const until = performance.now() + 1_000; performance.now() < until; runs++) work()
  const { system, user } = process.cpuUsage(before)
  return (system + user) / 1e6 / runs
}
