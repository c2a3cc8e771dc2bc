import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { checkStore } from '../check-rooms.ts'
import { embeddedTestBed, productionTestBed } from '../test-bed.ts'
import { type Scenario, underLoad } from './under-load.ts'

const execute = promisify(execFile)
const run = (command: string, parameters: readonly string[]) =>
  execute(command, parameters, { timeout: 30_000 })
const FULL_MS = 5_000
const LITTLE_KIB = 1_500
const SAME_READINGS = 20
const CLEAR = /disk is full|disk I\/O|No space left/i

/** A disk that fills up under load, stays full for some seconds, and then has space again. */
export const diskFull: Scenario = {
  name: 'disk full',
  needs: 'nothing',
  run: async ({ isEmbedded }, seed) => {
    await using owned = new AsyncDisposableStack()
    const folder = await mkdtemp(join(tmpdir(), 'roomserver-small-disk-'))
    owned.defer(() => rm(folder, { recursive: true, force: true }))
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${isEmbedded ? 3 : 14}m`, 'roomserver-crash', folder])
    } catch {
      return 'no small file system can be mounted here, which needs root'
    }
    owned.defer(async () => void (await run('umount', ['-l', folder])))
    const small = owned.use(
      isEmbedded ? await embeddedTestBed({ folder }) : await productionTestBed({ folder }),
    )
    let whenFull = ''
    const result = await underLoad(small, seed, async () => {
      await isFull(folder)
      await pause(FULL_MS)
      const ready = await fetch(`${small.server.url}/readyz`, { signal: AbortSignal.timeout(30_000) })
      whenFull = `${small.server.isRunning ? 'running' : 'dead'}, /readyz ${ready.status}`
      await run('mount', ['-o', 'remount,size=256m', folder])
      await pause(2_000)
    })
    const isSaid = [...result.refusals].some((refusal) => CLEAR.test(refusal))
    const problems = [
      ...result.problems,
      ...(isSaid ? [] : [`nobody was told that the disk is full (${whenFull})`]),
      ...(whenFull.startsWith('running') ? [] : ['the server ended']),
      ...(await checkStore(small.storage)),
    ]
    return { ...result, problems }
  },
}

/** Waits until little is left and that gets no less: a database may want more at a time than there is. */
async function isFull(folder: string): Promise<void> {
  let left = Number.POSITIVE_INFINITY
  for (let same = 0, tries = 0; same < SAME_READINGS && tries < 1_000; tries++) {
    const { stdout } = await run('df', ['--output=avail', '-k', folder])
    const now = Number(stdout.trim().split('\n').at(-1))
    same = now === left && now < LITTLE_KIB ? same + 1 : 0
    left = now
    await pause(100)
  }
}
