import { readFileSync, statSync } from 'node:fs'
import { readSigningKey, type SigningSeed } from '@roomserver/engine'
import { isFailure, RoomserverError } from '@roomserver/types'
import type { z } from 'zod'
import { type Config, type DatabaseConfig, deepFreeze } from './config.ts'
import { connectionStringFault, databaseConfig, type Pool } from './connection-string.ts'
import { nearMiss } from './near-miss.ts'
import { ownSection, TOKEN_FORM } from './own-section.ts'
import { tracingSettings } from '../tracing/tracing-settings.ts'
import type { Environment } from '../environment.ts'
import { badVariable, readSecrets, type Secrets } from './secrets.ts'
import { componentSection, globalSection, loggingSection, roomServerSection } from './sections.ts'
import { listenAddress, lowestLevel, outputConfig } from './translate.ts'
import { badConfiguration, checkPart, parseYaml, type YamlFile } from './yaml-file.ts'

/** The sections that are read. All others belong to other components and pass unread. */
const SECTIONS = [
  'version',
  'global',
  'room_server',
  'federation_api',
  'user_api',
  'app_service_api',
  'logging',
  'roomserver',
] as const

type Global = z.output<typeof globalSection>

/**
 * Reads a `dendrite.yaml`. Paths in it are relative to the working directory, as for Dendrite.
 *
 * @throws {RoomserverError} BAD_CONFIGURATION naming file, line, key and what was expected
 */
export function loadConfig(path: string, environment: Environment): Config {
  let text: string
  try {
    refuseLargeFile(path)
    text = decode(readFileSync(path), path)
  } catch (cause) {
    if (isFailure(cause)) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new RoomserverError(
      'BAD_CONFIGURATION',
      { key: path, expected: 'a readable file' },
      `cannot read ${path}: ${reason}`,
    )
  }
  return parseConfig(text, path, environment)
}

/** Dendrite's sample, with all its comments, is 20 kB. */
const MAX_FILE_BYTES = 1024 * 1024

function refuseLargeFile(path: string): void {
  const { size } = statSync(path)
  if (size <= MAX_FILE_BYTES) return
  const expected = `a file of at most ${MAX_FILE_BYTES} bytes, not ${size}`
  throw new RoomserverError('BAD_CONFIGURATION', { key: path, expected }, `${path}: expected ${expected}`)
}

/** Another encoding would change passwords without a word. */
function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const expected = 'a text in UTF-8'
    throw new RoomserverError('BAD_CONFIGURATION', { key: path, expected }, `${path}: expected ${expected}`)
  }
}

/** {@link loadConfig} for a text that was read already. */
export function parseConfig(text: string, path: string, environment: Environment): Config {
  const file = parseYaml(text, path)
  const secrets = readSecrets(environment)
  const top = topLevel(file)
  refuseSlips(file, ['global'], top['global'], Object.keys(globalSection.shape))
  const global = checkPart(file, ['global'], top['global'] ?? {}, globalSection)
  const roomServer = checkPart(file, ['room_server'], top['room_server'] ?? {}, roomServerSection)
  const settings = checkPart(file, ['roomserver'], top['roomserver'] ?? {}, ownSection)
  const component = (name: string, port: number) => {
    if (top[name] === undefined) return undefined
    const own = componentSection(port)
    refuseSlips(file, [name], top[name], Object.keys(own.shape))
    return checkPart(file, [name], top[name], own).internal_api.connect
  }
  const federation = global.disable_federation ? undefined : component('federation_api', 7772)
  const user = component('user_api', 7781)
  const appservice = component('app_service_api', 7777)
  const token = secrets.token ?? settings.token
  if (token === undefined) refuseEmpty(file, ['roomserver', 'token'], TOKEN_FORM)
  if (settings.unix_socket === undefined) refuseEmpty(file, ['roomserver', 'unix_socket'], 'a path')
  const logs = checkPart(file, ['logging'], top['logging'], loggingSection) ?? []
  return deepFreeze<Config>({
    source: path,
    serverName: global.server_name,
    signingKey: signingKeyOf(file, global, secrets),
    keyFile: secrets.signingKey === undefined ? global.private_key : undefined,
    oldKeys: (global.old_private_keys ?? []).map((old, index) => ({
      ...keyOf(file, ['global', 'old_private_keys', index, 'private_key'], old.private_key, 'old'),
      expiredAtMs: old.expired_at,
    })),
    database: databaseOf(file, global, roomServer, secrets),
    output: outputConfig(global.jetstream),
    listen: listenAddress(settings.unix_socket, roomServer.internal_api.listen),
    hosts: [new URL(roomServer.internal_api.connect).hostname, ...settings.http.hosts],
    components: {
      ...(federation !== undefined && { federation }),
      ...(user !== undefined && { user }),
      ...(appservice !== undefined && { appservice }),
    },
    cacheBytes: global.cache.max_size_estimated,
    metrics: metricsOf(file, global, secrets),
    logLevel: lowestLevel(logs),
    unusedLogs: logs.map(({ type }) => type).filter((type) => type !== 'std'),
    tracing: tracingSettings(environment),
    settings: { ...settings, ...(token !== undefined && { token }) },
  })
}

function topLevel(file: YamlFile): Readonly<Record<string, unknown>> {
  const { value } = file
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badConfiguration(file.path, '', 1, 'sections such as global and room_server')
  }
  const top = value as Readonly<Record<string, unknown>>
  refuseSlips(file, [], top, SECTIONS)
  if (top['version'] !== 2) {
    throw badConfiguration(file.path, 'version', file.lineOf(['version']), 'version: 2')
  }
  return top
}

/** A key of nobody that is nearly one of ours is a mistake, not somebody else's. */
function refuseSlips(file: YamlFile, at: readonly string[], found: unknown, known: readonly string[]): void {
  const keys = typeof found === 'object' && found !== null ? Object.keys(found) : []
  for (const key of keys) {
    const meant = known.includes(key) ? undefined : nearMiss(key, known)
    if (meant === undefined) continue
    const path = [...at, key]
    throw badConfiguration(file.path, path.join('.'), file.lineOf(path), meant, 'unknown key; ')
  }
}

/**
 * A key that keeps others out, and has no value: of a template that had none, or of a value that begins with `&` or `#`.
 * As if it was not there, everybody would be let in.
 */
function refuseEmpty(file: YamlFile, path: readonly string[], expected: string): void {
  if (file.has(path)) throw badConfiguration(file.path, path.join('.'), file.lineOf(path), expected)
}

function signingKeyOf(file: YamlFile, global: Global, secrets: Secrets): SigningSeed {
  if (secrets.signingKey !== undefined) return secrets.signingKey
  if (global.private_key !== undefined)
    return keyOf(file, ['global', 'private_key'], global.private_key, 'current')
  throw badConfiguration(
    file.path,
    'global.private_key',
    file.lineOf(['global', 'private_key']),
    'the path of a PEM file, or its text in ROOMSERVER_PRIVATE_KEY',
  )
}

/** The key in a file that the configuration names. */
function keyOf(
  file: YamlFile,
  at: readonly PropertyKey[],
  path: string,
  use: 'current' | 'old',
): SigningSeed {
  try {
    return readSigningKey(path, use)
  } catch (error) {
    if (!isFailure(error, 'BAD_CONFIGURATION')) throw error
    const [key, line] = [at.join('.'), file.lineOf(at)]
    const { expected } = error.details
    throw new RoomserverError(
      'BAD_CONFIGURATION',
      { key, line, expected },
      `${file.path}:${line}: ${key}: ${error.message}`,
    )
  }
}

function databaseOf(
  file: YamlFile,
  global: Global,
  roomServer: z.output<typeof roomServerSection>,
  secrets: Secrets,
): DatabaseConfig {
  const own = roomServer.database
  const isOwn = own !== undefined && own.connection_string !== ''
  const pool: Pool = (isOwn ? own : global.database) ?? {}
  const section = isOwn ? 'room_server' : 'global'
  const connectionString = secrets.database ?? pool.connection_string ?? ''
  const unusable = connectionStringFault(connectionString)
  if (unusable !== undefined && secrets.database !== undefined)
    throw badVariable('ROOMSERVER_DATABASE', unusable)
  if (unusable !== undefined) {
    const path = [section, 'database', 'connection_string']
    throw badConfiguration(file.path, path.join('.'), file.lineOf(path), unusable)
  }
  if (connectionString !== '') return databaseConfig(connectionString, pool)
  throw badConfiguration(
    file.path,
    'room_server.database.connection_string',
    file.lineOf(['room_server', 'database']),
    'postgresql://… or file:…, here or in ROOMSERVER_DATABASE',
  )
}

function metricsOf(file: YamlFile, global: Global, secrets: Secrets): Config['metrics'] {
  const { enabled, basic_auth: auth } = global.metrics
  const password = secrets.metricsPassword ?? auth?.password ?? ''
  const username = auth?.username ?? ''
  if (enabled && (username === '') !== (password === '')) {
    const [lacking, instead] =
      username === '' ? ['username', ''] : ['password', ', here or in ROOMSERVER_METRICS_PASSWORD']
    const path = ['global', 'metrics', 'basic_auth', lacking]
    const expected = `a ${lacking} beside the ${username === '' ? 'password' : 'username'}${instead}`
    throw badConfiguration(file.path, path.join('.'), file.lineOf(path), expected)
  }
  return { enabled, ...(username !== '' && password !== '' && { basicAuth: { username, password } }) }
}
