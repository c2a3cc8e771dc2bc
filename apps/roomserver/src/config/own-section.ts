import * as z from 'zod'
import { duration, flag, hostNames, section, size, text, timer, usefulSize, wholeNumber } from './values.ts'

/** What an `Authorization` header can carry as a bearer token (RFC 6750, section 2.1) and nobody guesses. */
export const TOKEN = /^[A-Za-z0-9\-._~+/]{16,}=*$/

export const TOKEN_FORM = 'a token of at least 16 letters, digits or -._~+/'

/**
 * The section `roomserver`: settings that Dendrite has no key for. Its components pass the section unread.
 * `docs/configuration.md` documents every key; a test compares the two.
 */
export const ownSection = section({
  /** What is announced and done where behaviour is a matter of taste; see docs/configuration.md. */
  compatibility: z
    .enum(['dendrite-2022', 'current'], { error: 'dendrite-2022 or current' })
    .default('dendrite-2022'),
  /** A room with more forward extremities gets a dummy event, as other servers send them; 0: never. */
  max_extremities: wholeNumber(0, 1_000).default(10),
  /** Who calls the API has to send it as a bearer token. */
  token: text(TOKEN_FORM).regex(TOKEN, { error: TOKEN_FORM }).optional(),
  /** A path to listen at instead of a port. */
  unix_socket: text('a path').optional(),
  /** How long the program may practise before it takes requests, so that its code is compiled then; 0: not at all. */
  warm_up: timer.default(3_000),
  /** How long requests are still taken after SIGTERM, while `/readyz` says not ready; 0: not at all. */
  drain_time: timer.default(0),
  /** Operations and steps of events that take longer are logged; 0: none are. */
  slow_after: timer.default(5_000),
  http: section({
    max_body: usefulSize.default(128 * 1024 * 1024),
    max_header: usefulSize.default(16 * 1024),
    /** Requests at once on one connection. */
    max_concurrent_streams: wholeNumber(1, 100_000).default(256),
    /** Names by which callers may ask for the server, beside IP addresses and localhost. */
    hosts: hostNames.default([]),
    /** Requests a second on one connection; 0: no limit. */
    max_request_rate: wholeNumber(0, 1_000_000).default(0),
    /** How long nothing may come of a body that is waited for. */
    body_idle_timeout: timer.default(10_000),
    /** Bytes a second that have to come of a body, on average over that time; 0: any will do. */
    min_body_rate: wholeNumber(0, 1_000_000_000).default(1024),
    request_timeout: timer.default(300_000),
  }).prefault({}),
  input: section({
    /** Events that wait, over all rooms; beyond it callers get 503 with a hint when to come back. */
    max_queued_bytes: size.default(256 * 1024 * 1024),
    /** What becomes of other servers' events in rooms that our users have all left. Left out: see `acceptsEventsForDepartedRooms`. */
    left_rooms: z.enum(['refuse', 'take'], { error: 'refuse or take' }).optional(),
  }).prefault({}),
  output: section({
    /** Messages on their way to JetStream at once. */
    window: wholeNumber(1, 256).default(64),
    /** How often the process that delivers looks for outputs that nobody woke it for. */
    look_every: timer.default(200),
    /** How long synchronous input waits with its answer for JetStream to have stored its outputs; 0: not at all. */
    acknowledgement_wait: timer.default(100),
    /** How many NATS servers keep the stream of outputs, where it has to be created. Left out: as many as there are, at most 3. */
    replicas: wholeNumber(1, 5).optional(),
    /** How long outputs that JetStream has stored are kept in case it loses them, and how many bytes of them. */
    keep_delivered_time: duration.default(24 * 3_600_000),
    keep_delivered_bytes: size.default(1024 * 1024 * 1024),
    /** Of the embedded log: so many of the latest outputs, so many bytes of them, none that is older. */
    keep_count: wholeNumber(1, 1_000_000_000).default(1_000_000),
    keep_bytes: size.default(2 * 1024 * 1024 * 1024),
    keep_time: duration.default(30 * 24 * 3_600_000),
  }).prefault({}),
  repair: section({
    /** Longest time for filling one hole, all servers together. */
    time: timer.default(120_000),
    /** Longest time for one call to another component that says nothing else. */
    call_time: timer.default(30_000),
    /** Servers asked for one hole. */
    max_servers: wholeNumber(1, 1_000).default(5),
    servers_at_once: wholeNumber(1, 100).default(3),
    /** After how long another server is asked beside one that is at it. */
    patience: timer.default(5_000),
    /** Rooms repaired at a time; others wait. */
    max_rooms: wholeNumber(1, 10_000).default(32),
    /** Events that are remembered while they wait for others. */
    max_waiting_events: wholeNumber(0, 1_000_000).default(10_000),
    /** Attempts after which a repair is left to operators. */
    max_attempts: wholeNumber(1, 1_000).default(12),
  }).prefault({}),
  policy_servers: section({
    /** How long an event waits for the policy server of its room. */
    timeout: timer.default(30_000),
    /** What becomes of events while it does not answer. */
    when_unreachable: z.enum(['soft-fail', 'accept'], { error: 'soft-fail or accept' }).default('soft-fail'),
    /** For how long one that did not answer is not asked again. */
    rest: timer.default(10_000),
    /** Events of one room that it is asked about at the same time. */
    at_once: wholeNumber(1, 1_000).default(8),
    /** Events of one room that wait for that. */
    max_waiting: wholeNumber(0, 100_000).default(500),
  }).prefault({}),
  administration: section({
    /** Whether the operations with which operators change rooms are served. */
    enabled: flag.default(true),
  }).prefault({}),
  inspection: section({
    /** Whether the operations that look inside rooms are served. */
    enabled: flag.default(true),
    /** Whether the inspector, a web page, is served; the embedded form on loopback does so unless told otherwise. */
    page: flag.default(false),
  }).prefault({}),
  scrubber: section({
    enabled: flag.default(true),
    /** Rooms checked, and freed of what nothing refers to. */
    rooms_per_minute: wholeNumber(1, 100_000).default(6),
  }).prefault({}),
})

export type OwnSettings = z.infer<typeof ownSection>

/** Whether other servers' events go on into rooms that our users have all left: as Dendrite does, unless configured. */
export function acceptsEventsForDepartedRooms({ input, compatibility }: OwnSettings): boolean {
  return (input.left_rooms ?? (compatibility === 'dendrite-2022' ? 'take' : 'refuse')) === 'take'
}
