import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endWithUs, freePort } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'

// What runs in containers cannot run here, so it is read; its command lines run without a container.
const ROOT = join(import.meta.dirname, '../../..')
const DEPLOY = join(ROOT, 'deploy')
const read = (...path: readonly string[]) => readFileSync(join(DEPLOY, ...path), 'utf8')

/** An instruction of the Dockerfile in its JSON form. */
function instruction(name: string): readonly string[] {
  const lines = read('docker/Dockerfile').replaceAll('\\\n', '')
  const found = new RegExp(`^${name}\\b[^[\\n]*(\\[.*\\])$`, 'm').exec(lines)?.[1]
  return JSON.parse(found ?? '[]') as string[]
}

interface Service {
  readonly image?: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}
const compose = (file: string) => parse(read('docker', file), { merge: true }) as Compose

it('starts as the image does, and its health check finds it well', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'roomserver-deploy-'))
  const port = await freePort()
  const local = (text: string) =>
    text
      .replace('/app/dist', join(ROOT, 'apps/roomserver/dist'))
      .replace('/data', folder)
      .replace('0.0.0.0', '127.0.0.1')
      .replace('7770', `${port}`)
  const [, ...args] = [...instruction('ENTRYPOINT'), ...instruction('CMD')].map(local)
  const server = spawn(process.execPath, args, { stdio: 'ignore' })
  endWithUs(server, 'SIGKILL')
  const [, ...check] = instruction('HEALTHCHECK').map(local)
  const isWell = async () => {
    const [status] = (await once(spawn(process.execPath, check), 'exit')) as [number]
    return status === 0
  }
  expect(check).toHaveLength(2)
  for (let attempt = 0; attempt < 100 && !(await isWell()); attempt++) expect(server.exitCode).toBe(null)
  expect(await isWell()).toBe(true)
  server.kill('SIGTERM')
  expect(await once(server, 'exit')).toEqual([0, null])
  expect(await isWell()).toBe(false)
  rmSync(folder, { recursive: true })
})

it('gives the image what it is built from, and nothing that was built here', () => {
  const lines = read('docker/Dockerfile.dockerignore').trim().split('\n')
  const taken = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
  expect(taken.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  expect(lines).toEqual(expect.arrayContaining(['**/node_modules', '**/dist']))
})

it.each(['compose.embedded.yaml', 'compose.cluster.yaml'])('composes what is there: %s', (file) => {
  const { services, volumes } = compose(file)
  const own = Object.values(services).filter(({ image }) => image === 'roomserver')
  expect(own.map((service) => [service.read_only, service.cap_drop])).toEqual(own.map(() => [true, ['ALL']]))
  const all = Object.values(services)
  // The API has no password: only this machine reaches it.
  for (const port of all.flatMap(({ ports = [] }) => ports)) expect(port).toMatch(/^127\.0\.0\.1:/)
  const named = all.flatMap((service) => service.volumes ?? []).map((volume) => volume.split(':')[0] ?? '')
  const isThere = (source: string) =>
    source.startsWith('../') ? existsSync(join(DEPLOY, 'docker', source)) : source in volumes
  expect(named.filter((source) => source !== './config' && !isThere(source))).toEqual([])
})

it('balances over the room servers that are composed, by what says that they are ready', () => {
  const lines = read('haproxy/haproxy.cfg')
  const servers = [...lines.matchAll(/^ {2}server \w+ ([\w]+):7770$/gm)].map(([, name]) => name)
  const own = Object.entries(compose('compose.cluster.yaml').services)
    .filter(([, { image }]) => image === 'roomserver')
    .map(([name]) => name)
  expect(servers).toEqual(own)
  expect(lines).toContain('uri /readyz')
})

it('asks for nothing on Kubernetes that the image cannot do without', () => {
  interface Container {
    readonly args: readonly string[]
    readonly securityContext: object
    readonly readinessProbe: { readonly httpGet: { readonly path: string } }
    readonly livenessProbe: { readonly httpGet: { readonly path: string } }
    readonly volumeMounts: readonly { readonly name: string; readonly readOnly?: boolean }[]
  }
  const documents = parseAllDocuments(read('kubernetes/roomserver.yaml')).map((one) => one.toJS() as object)
  expect(documents.map((one) => (one as { kind: string }).kind)).toEqual([
    'Deployment',
    'Service',
    'PodDisruptionBudget',
    'NetworkPolicy',
  ])
  const { spec } = (documents[0] as { spec: { template: { spec: { containers: Container[] } } } }).spec
    .template
  const [container] = spec.containers
  expect(spec).toMatchObject({ securityContext: { runAsNonRoot: true } })
  expect(container).toMatchObject({
    args: ['serve', '--config', '/config/dendrite.yaml'],
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    readinessProbe: { httpGet: { path: '/readyz' } },
    livenessProbe: { httpGet: { path: '/healthz' } },
  })
})
