import { parseSigningKey, type SigningSeed } from '@roomserver/engine'
import { RoomserverError } from '@roomserver/types'
import type { Environment } from '../environment.ts'
import { nearMiss } from './near-miss.ts'
import { TOKEN, TOKEN_FORM } from './own-section.ts'
import { SECRET_VARIABLES } from './secret-variables.ts'

/** What may come by the environment instead of a file that others can read. Each goes before the file. */
export interface Secrets {
  readonly database?: string
  readonly token?: string
  readonly signingKey?: SigningSeed
  readonly metricsPassword?: string
}

/** Reads the secrets. @throws {RoomserverError} BAD_CONFIGURATION naming the variable, never its value */
export function readSecrets(environment: Environment): Secrets {
  refuseSlips(environment)
  const database = checked(
    environment,
    'ROOMSERVER_DATABASE',
    /^(postgres(ql)?:\/\/|file:)./,
    'postgresql://… or file:…',
  )
  const token = checked(environment, 'ROOMSERVER_TOKEN', TOKEN, TOKEN_FORM)
  const pem = environment['ROOMSERVER_PRIVATE_KEY']
  const metricsPassword = environment['ROOMSERVER_METRICS_PASSWORD']
  return {
    ...(database !== undefined && { database }),
    ...(token !== undefined && { token }),
    ...(pem !== undefined && { signingKey: parseSigningKey(pem, 'ROOMSERVER_PRIVATE_KEY') }),
    ...(metricsPassword !== undefined && { metricsPassword }),
  }
}

/** A variable that is nearly one of these was meant to be it; others may be of anybody. */
function refuseSlips(environment: Environment): void {
  const known = Object.keys(SECRET_VARIABLES).map((name) => name.toLowerCase())
  for (const name of Object.keys(environment)) {
    const meant = known.includes(name.toLowerCase()) ? undefined : nearMiss(name, known)
    if (meant === undefined) continue
    const expected = meant.toUpperCase()
    throw new RoomserverError(
      'BAD_CONFIGURATION',
      { key: name, expected },
      `environment variable ${name}: unknown; expected ${expected}`,
    )
  }
}

function checked(
  environment: Environment,
  name: keyof typeof SECRET_VARIABLES,
  form: RegExp,
  expected: string,
): string | undefined {
  const value = environment[name]
  if (value === undefined || form.test(value)) return value
  throw badVariable(name, expected)
}

/** The failure for an environment variable that cannot be used. Names the variable, never its value. */
export function badVariable(name: keyof typeof SECRET_VARIABLES, expected: string): RoomserverError {
  return new RoomserverError(
    'BAD_CONFIGURATION',
    { key: name, expected },
    `environment variable ${name}: expected ${expected}`,
  )
}
