import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const FAILURE = /\/\*\* ([^*]+?) \*\/\n {2}([A-Z_]+): (.+)/g

/** `docs/errors.md`, printed from the one place where failures are declared. */
export function errorsPage(): string {
  const source = readFileSync(join(ROOT, 'packages/types/src/errors.ts'), 'utf8')
  const rows = [...source.matchAll(FAILURE)].map(
    ([, meaning, code, details]) => `| \`${code}\` | ${meaning} | ${members(details ?? '')} |`,
  )
  return `# Failures

Printed from \`packages/types/src/errors.ts\` by \`node scripts/print-errors.ts\`.

A failure is a \`RoomserverError\` with a stable \`code\`, the \`details\` below and a sentence. In process it is thrown;
over HTTP it is a 500 (503 for \`OVERLOADED\`, \`SHUTTING_DOWN\` and \`STORE_UNAVAILABLE\`, 410 for \`OUTPUTS_TRIMMED\`,
409 for \`OUTPUTS_POSITION_UNKNOWN\`) with \`Type\` and \`Message\` as Dendrite's callers expect, and a 400 with \`message\` for \`BAD_REQUEST\`. A rejected or soft-failed event is an answer, not a failure.

| code | meaning | details |
| --- | --- | --- |
${rows.join('\n')}
`
}

function members(details: string): string {
  const names = [...details.matchAll(/readonly (\w+\??): ([^;}]+)/g)].map(([, name]) => `\`${name}\``)
  return names.length === 0 ? '–' : names.join(', ')
}

if (import.meta.main) writeFileSync(join(ROOT, 'docs/errors.md'), errorsPage())
