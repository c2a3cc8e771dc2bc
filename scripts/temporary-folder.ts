import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Puts all temporary files of this process and its children into one folder, which goes when the process ends. */
export function useOwnTemporaryFolder(): void {
  const folder = mkdtempSync(join(tmpdir(), 'roomserver-tests-'))
  // PostgreSQL runs as another user when the tests run as root, and has to get through.
  chmodSync(folder, 0o755)
  process.env['TMPDIR'] = folder
  // What one of the many processes has compiled, and stripped of its types, the next one need not.
  process.env['NODE_COMPILE_CACHE'] ??= join(folder, 'compile-cache')
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
}
