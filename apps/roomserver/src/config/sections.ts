import * as z from 'zod'
import {
  address,
  duration,
  flag,
  plainAddress,
  section,
  serverName,
  sharedSection,
  size,
  text,
  wholeNumber,
} from './values.ts'

const CONNECTION_STRING = 'postgresql://… or file:…'

const PEM_PATH = 'the path of a PEM file with a MATRIX PRIVATE KEY'

/** How to reach a database; `room_server.database`. */
export const databaseSection = section({
  /** Empty means "none", as Dendrite's configuration generator writes it. */
  connection_string: z
    .string({ error: CONNECTION_STRING })
    .regex(/^$|^(postgres(ql)?:\/\/|file:).+/, { error: CONNECTION_STRING }),
  /** 0 means "the default", a negative number "no limit"; as in Dendrite. */
  max_open_conns: wholeNumber(-1, 10_000).default(10),
  max_idle_conns: wholeNumber(-1, 10_000).default(2),
  /** Seconds a connection may be used; 0 or less means "no limit". */
  conn_max_lifetime: wholeNumber(-1, 31_536_000).default(-1),
})

/** `global.jetstream`. Without addresses the output log stays in the database. */
const jetstreamSection = section({
  addresses: z
    .array(text('an address such as nats://localhost:4222'), { error: 'a list of addresses' })
    .default([]),
  topic_prefix: text('a prefix of letters, digits, - and _')
    .regex(/^[A-Za-z0-9_-]+$/, { error: 'a prefix of letters, digits, - and _' })
    .default('Dendrite'),
  storage_path: z.string({ error: 'a path' }).optional(),
  in_memory: flag.default(false),
  disable_tls_validation: flag.default(false),
})

const metricsSection = section({
  enabled: flag.default(false),
  basic_auth: section({
    username: z.string({ error: 'a user name' }).default(''),
    password: z.string({ error: 'a password' }).default(''),
  }).optional(),
})

/** What every component shares; only the keys that the roomserver needs are read. */
export const globalSection = sharedSection({
  server_name: serverName,
  private_key: text(PEM_PATH).optional(),
  old_private_keys: z
    .array(
      section({
        private_key: text(PEM_PATH),
        expired_at: wholeNumber(0, Number.MAX_SAFE_INTEGER),
      }),
      { error: 'a list of old keys, each with private_key and expired_at' },
    )
    .optional(),
  key_validity_period: duration.default(604_800_000),
  disable_federation: flag.default(false),
  cache: section({
    max_size_estimated: size.default(1_073_741_824),
    max_age: duration.default(3_600_000),
  }).prefault({}),
  jetstream: jetstreamSection.prefault({}),
  metrics: metricsSection.prefault({}),
  /** Read only where `room_server` names no database of its own. */
  database: databaseSection.partial({ connection_string: true }).optional(),
})

const internalApiSection = (port: number) =>
  section({
    listen: address.default(`http://localhost:${port}`),
    connect: address.default(`http://localhost:${port}`),
  })

export const roomServerSection = section({
  internal_api: internalApiSection(7770)
    .extend({ listen: plainAddress.default('http://localhost:7770') })
    .prefault({}),
  database: databaseSection.optional(),
})

/** Of another component only its address is read. */
export const componentSection = (port: number) =>
  sharedSection({
    internal_api: internalApiSection(port)
      .extend({ connect: plainAddress.default(`http://localhost:${port}`) })
      .prefault({}),
  })

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'panic'] as const

export const loggingSection = z
  .array(
    section({
      type: z.enum(['std', 'file', 'syslog'], { error: 'std, file or syslog' }),
      level: z.enum(LEVELS, { error: LEVELS.join(', ') }),
      params: z.record(z.string(), z.unknown(), { error: 'a section' }).optional(),
    }),
    { error: 'a list of outputs, each with type and level' },
  )
  .optional()
