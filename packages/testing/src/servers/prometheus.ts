import { dirname, join } from 'node:path'
import { type FetchWay, fetchProgram, firstExecutable, isExecutable, onPath, run } from './find.ts'

/** Prometheus, and the program that checks and tests its rules. */
export interface PrometheusPrograms {
  readonly prometheus: string
  readonly promtool: string
}

/** The Debian package, unpacked and not installed: installed it would start a Prometheus of its own. */
const WAYS: readonly FetchWay[] = [
  {
    name: 'apt',
    program: 'usr/bin/prometheus',
    run: async (folder) => {
      await run('apt-get', ['download', 'prometheus'], { cwd: folder })
      await run('sh', ['-c', 'dpkg -x prometheus_*.deb . && rm prometheus_*.deb'], { cwd: folder })
    },
  },
]

/**
 * Prometheus as it is on the path, or fetched once and kept.
 *
 * @param say - is told before anything is fetched
 * @throws {AggregateError} when it is not there and cannot be fetched
 */
export async function findPrometheus(say: (line: string) => void): Promise<PrometheusPrograms> {
  const installed = await firstExecutable(onPath('prometheus'))
  if (installed === undefined)
    say('Prometheus is not installed: using its Debian package, fetched by apt-get and unpacked')
  const prometheus = installed ?? (await fetchProgram('prometheus', WAYS))
  const promtool = join(dirname(prometheus), 'promtool')
  if (!(await isExecutable(promtool))) throw new Error(`there is no promtool beside ${prometheus}`)
  return { prometheus, promtool }
}
