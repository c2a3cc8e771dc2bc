import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { programCommit } from './program-version.ts'

const COMMIT = 'c4e8e43c4e8e43c4e8e43c4e8e43c4e8e43c4e8e'

/** A checkout with the program's package in it. */
function checkout(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'roomserver-commit-'))
  mkdirSync(join(root, 'apps/roomserver'), { recursive: true })
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  return join(root, 'apps/roomserver')
}

it.each([
  ['a branch', { '.git/HEAD': 'ref: refs/heads/main\n', '.git/refs/heads/main': `${COMMIT}\n` }],
  [
    'packed branches',
    { '.git/HEAD': 'ref: refs/heads/main\n', '.git/packed-refs': `# x\n${COMMIT} refs/heads/main\n` },
  ],
  ['a commit', { '.git/HEAD': `${COMMIT}\n` }],
  ['an image', { 'apps/roomserver/commit': `${COMMIT}\n` }],
  [
    'a work tree',
    {
      '.git': 'gitdir: elsewhere/.git/worktrees/one\n',
      'elsewhere/.git/worktrees/one/HEAD': 'ref: refs/heads/main\n',
      'elsewhere/.git/worktrees/one/commondir': '../..\n',
      'elsewhere/.git/refs/heads/main': `${COMMIT}\n`,
    },
  ],
])('knows the commit of %s', (_what, files) => {
  expect(programCommit(checkout(files))).toBe(COMMIT)
})

it('says so where nothing tells', () => {
  expect(programCommit(checkout({}))).toBe('unknown')
})
