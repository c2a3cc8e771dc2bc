import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { readLines } from './read-pdus.ts'

const folder = mkdtempSync(join(tmpdir(), 'lines-'))

async function linesOf(content: string | Uint8Array): Promise<readonly string[]> {
  const file = join(folder, 'events')
  writeFileSync(file, content)
  const lines: string[] = []
  for await (const { number, text } of readLines(file)) lines.push(`${number} ${text}`)
  return lines
}

it.each([
  ['plain', 'one\ntwo\n'],
  ['without an end', 'one\ntwo'],
  ['of Windows, with a byte order mark', '\uFEFFone\r\ntwo\r\n'],
  ['packed', gzipSync('one\ntwo\n')],
  ['packed in two parts', Buffer.concat([gzipSync('one\nt'), gzipSync('wo\n')])],
])('reads lines: %s', async (_what, content) => {
  expect(await linesOf(content)).toEqual(['1 one', '2 two'])
})

it('cuts at line feeds only, and passes over what is empty', async () => {
  const texts = ['{"body":"a\u2028b\u2029c"}', '{"body":"d\re\u0085f"}']
  expect(await linesOf(texts.join('\n \n'))).toEqual([`1 ${texts[0] ?? ''}`, `3 ${texts[1] ?? ''}`])
})

it('puts a line together that comes in pieces', async () => {
  const long = 'ä'.repeat(1_000_000)
  expect(await linesOf(`${long}\n${long}`)).toEqual([`1 ${long}`, `2 ${long}`])
})

it('replaces what is not UTF-8 by something that is not an event, and not by another content', async () => {
  expect(await linesOf(Buffer.from('{"body":"\xE4"}\n{}', 'latin1'))).toEqual(['1 \uFFFD', '2 {}'])
})

it.each([
  ['cut off', gzipSync('x'.repeat(100_000)).subarray(0, 60), 'a whole file packed by gzip'],
  ['damaged', Buffer.from('\x1F\x8Bgarbage', 'latin1'), 'a whole file packed by gzip'],
  ['a line without end', 'x'.repeat(17 * 1024 * 1024), 'line 1 has more than 16777216 bytes'],
])('names a file that cannot be read: %s', async (_what, content, expected) => {
  await expect(linesOf(content)).rejects.toThrow(`${join(folder, 'events')}: expected `)
  await expect(linesOf(content)).rejects.toThrow(expected)
})

it('names a folder in place of a file', async () => {
  await expect(readLines(folder).next()).rejects.toThrow(`${folder}: expected a file, not a folder`)
})
