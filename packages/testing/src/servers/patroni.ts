import { NEWER_RELEASE, isNewEnough, unpackNewer } from './debian.ts'
import { type FetchWay, fetchProgram, run } from './find.ts'

/**
 * The first that takes the lock in etcd (`etcd3`) only where nobody else has it. With older ones, a primary whose Patroni was
 * stopped for a while takes the lock back from the one that replaced it.
 *
 * @see https://github.com/patroni/patroni/pull/2693
 */
const OLDEST = [3, 0, 3] as const

/** The package alone: it is made of Python, and runs with what the older package depends on. */
const WAYS: readonly FetchWay[] = [
  {
    name: NEWER_RELEASE,
    program: 'usr/bin/patroni',
    run: (folder) => unpackNewer(folder, { name: 'patroni' }),
  },
]

/**
 * A Patroni that can be relied on: `PATRONI_BIN` whatever its version, the one that is installed, or one that is fetched
 * once and kept.
 *
 * @param installed - which has what Patroni depends on
 * @param say - is told before anything is fetched
 * @throws {AggregateError} when the installed one is too old and none can be fetched
 */
export async function findPatroni(installed: string, say: (line: string) => void): Promise<string> {
  const named = process.env['PATRONI_BIN']
  if (named !== undefined && named !== '') return named
  if (isNewEnough(await run(installed, ['--version']), OLDEST)) return installed
  say(
    `Patroni ${OLDEST.join('.')} is not installed: using the package of Debian ${NEWER_RELEASE}, fetched by apt-get and unpacked`,
  )
  return await fetchProgram('patroni', WAYS)
}
