import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { endWithUs, freePort } from '@roomserver/testing'

/** Load balancers that are tried, each with what callers speak. */
export const BALANCERS = ['haproxy-h2', 'haproxy-h1', 'nginx-h2', 'nginx-h1'] as const
export type BalancerName = (typeof BALANCERS)[number]

/** A load balancer in front of some ports of this machine. */
export interface Balancer extends AsyncDisposable {
  readonly port: number
}

const ROOT = join(import.meta.dirname, '../../../..')

/** Starts a balancer, HAProxy with the configuration in `deploy/` and nginx as `docs/operations.md` has it. */
export async function startBalancer(name: BalancerName, ports: readonly number[]): Promise<Balancer> {
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-balancer-'))
  const port = await freePort()
  const isHaproxy = name.startsWith('haproxy')
  const file = join(folder, 'balancer.conf')
  await writeFile(file, isHaproxy ? await haproxy(port, ports, name) : nginx(folder, port, ports))
  const [program, ...flags] = isHaproxy ? ['haproxy', '-db', '-f', file] : ['nginx', '-c', file]
  const child = spawn(program ?? '', flags, { stdio: 'inherit' })
  endWithUs(child, 'SIGTERM')
  for (let tries = 0; !(await listens(port)); tries++) {
    if (tries > 100) throw new Error(`${name} does not listen; is it installed?`)
    await pause(50)
  }
  // Each server has to have been found ready twice.
  await pause(3_000)
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit')
      // Killed, nginx would leave its workers behind.
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The one in `deploy/`, on other ports; of HTTP/1.1 to servers where callers speak that. */
async function haproxy(port: number, ports: readonly number[], name: BalancerName): Promise<string> {
  const text = await readFile(join(ROOT, 'deploy/haproxy/haproxy.cfg'), 'utf8')
  const protocol = name === 'haproxy-h1' ? text.replace('proto h2 check check-proto h2', 'check') : text
  const servers = ports.map((own, index) => `  server s${index} 127.0.0.1:${own}`)
  return `${protocol.replace(':7770', `127.0.0.1:${port}`).replaceAll(/^ {2}server \w+ .*\n/gm, '')}${servers.join('\n')}\n`
}

function nginx(folder: string, port: number, ports: readonly number[]): string {
  const servers = ports.map((own) => `server 127.0.0.1:${own} max_fails=1 fail_timeout=5s;`)
  return `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.log;
events {}
stream {
  upstream roomserver { ${servers.join(' ')} }
  server { listen 127.0.0.1:${port}; proxy_pass roomserver; proxy_timeout 1h; }
}
`
}

function listens(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(port, '127.0.0.1')
  socket.once('connect', () => resolve(true))
  socket.once('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}
