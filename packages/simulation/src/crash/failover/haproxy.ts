import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { endProcess, endWithUs, freePort } from '@roomserver/testing'

/** A server that connections may be sent to. */
interface Backend {
  readonly name: string
  readonly port: number
  /** Where it is asked whether it is the primary. */
  readonly restPort: number
}

/** A HAProxy before PostgreSQL. */
export interface Haproxy extends AsyncDisposable {
  /** The port for everybody, and one for each process, so that it can be told where its connections lead. */
  readonly port: number
  readonly processPorts: readonly number[]
  /** The servers that take new connections, and for each process those that it is connected to. */
  leads(): Promise<{ readonly up: readonly string[]; readonly processes: readonly string[][] }>
}

/** Sends connections to the server that Patroni calls the primary, and ends those of one that is it no more. */
export async function startHaproxy(
  program: string,
  folder: string,
  backends: readonly Backend[],
  processes: number,
): Promise<Haproxy> {
  const port = await freePort()
  const processPorts: number[] = []
  while (processPorts.length < processes) processPorts.push(await freePort())
  const file = join(folder, 'haproxy.cfg')
  const socket = join(folder, 'haproxy.sock')
  const list = (more: (one: Backend) => string) =>
    backends.map((one) => `  server ${one.name} 127.0.0.1:${one.port} ${more(one)}`).join('\n')
  const ways = processPorts.map(
    (own, index) => `listen process${index + 1}
  bind 127.0.0.1:${own}
${list(({ name }) => `track postgres/${name}`)}
`,
  )
  await writeFile(
    file,
    `global
  stats socket ${socket} mode 600 level user
defaults
  mode tcp
  timeout connect 2s
  timeout client 1h
  timeout server 1h
  timeout check 2s
  default-server inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
listen postgres
  bind 127.0.0.1:${port}
  option httpchk GET /primary
  http-check expect status 200
${list(({ restPort }) => `check port ${restPort}`)}
${ways.join('')}`,
  )
  const child = spawn(program, ['-f', file, '-db'], { stdio: 'ignore' })
  endWithUs(child, 'SIGKILL')
  return {
    port,
    processPorts,
    leads: async () => {
      const rows = await statistics(socket)
      const namesOf = (proxy: string, isMeant: (row: Row) => boolean) =>
        rows.filter((row) => row.proxy === proxy && row.name !== '' && isMeant(row)).map(({ name }) => name)
      const up = namesOf('postgres', ({ status }) => status.startsWith('UP'))
      return {
        up,
        processes: processPorts.map((_, index) =>
          namesOf(`process${index + 1}`, ({ sessions }) => sessions > 0),
        ),
      }
    },
    [Symbol.asyncDispose]: () => endProcess(child, 'SIGKILL'),
  }
}

/** A server as HAProxy sees it. */
interface Row {
  readonly proxy: string
  readonly name: string
  readonly status: string
  readonly sessions: number
}

/** @see https://docs.haproxy.org/2.6/management.html#9.1 */
async function statistics(socket: string): Promise<readonly Row[]> {
  const connection = createConnection(socket)
  connection.setTimeout(2_000, () => connection.destroy(new Error('HAProxy does not answer')))
  connection.end('show stat\n')
  let text = ''
  for await (const chunk of connection.setEncoding('utf8')) text += String(chunk)
  const [head = '', ...lines] = text.trim().split('\n')
  const names = head.replace(/^# /, '').split(',')
  const at = (line: readonly string[], name: string) => line[names.indexOf(name)] ?? ''
  return lines
    .map((line) => line.split(','))
    .filter((line) => !['FRONTEND', 'BACKEND'].includes(at(line, 'svname')))
    .map((line) => ({
      proxy: at(line, 'pxname'),
      name: at(line, 'svname'),
      status: at(line, 'status'),
      sessions: Number(at(line, 'scur')),
    }))
}
