import type {
  ArrivedEvent,
  EventSummary,
  ExplainResponse,
  InspectActivityResponse,
  InspectEventResponse,
  InspectHistoryResponse,
  InspectJobsResponse,
  InspectJournalResponse,
  InspectMembersResponse,
  InspectResolutionResponse,
  InspectRoomResponse,
  InspectRoomsResponse,
  StateChange,
} from '@roomserver/api'
import { escaped, shortened } from '@roomserver/inspect'
import { table, type TableColumn } from './table.ts'
import { coloured, columnsOf, type Terminal, wrapped } from './terminal.ts'

/** Paragraphs, with an empty line between them. */
function paragraphs(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n\n')
}

function prose(text: string, terminal: Terminal, indent = ''): string {
  return wrapped(escaped(text), terminal, indent)
}

function bullets(texts: readonly string[], terminal: Terminal): string {
  return texts.map((text) => `- ${wrapped(escaped(text), terminal, '  ').trimStart()}`).join('\n')
}

function titled(title: string, text: string, terminal: Terminal): string {
  return text === '' ? '' : `${coloured(title, 'bold', terminal)}\n${text}`
}

/** Time as its sender says, to the second. */
function time(ts: number): string {
  const date = new Date(ts)
  if (ts === 0 || Number.isNaN(date.getTime())) return '-'
  return date.toISOString().slice(0, 19).replace('T', ' ')
}

/** Bytes for people. */
/** A number of bytes for people. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const
  let value = bytes
  let unit = 0
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`
}

function place({ state_key: key, type }: Pick<EventSummary, 'type' | 'state_key'>): string {
  return key === null || key === '' ? type : `${type} ${key}`
}

function more(next: string | readonly string[]): string {
  return next.length === 0
    ? ''
    : 'There is more: --limit shows more at a time, --json has the place to go on from.'
}

const EVENT_COLUMNS: readonly TableColumn<EventSummary>[] = [
  { title: 'sent', cell: (event) => time(event.origin_server_ts) },
  { title: 'status', cell: (event) => (event.is_extremity ? `${event.status}, extremity` : event.status) },
  { title: 'event', cell: place, isFlexible: true },
  { title: 'sender', cell: (event) => event.sender, isFlexible: true },
]

/** Events, two lines each: when and who, and below it the ID and what it says. */
function eventRows(events: readonly EventSummary[], terminal: Terminal): string {
  const [head = '', ...lines] = table(events, EVENT_COLUMNS, terminal).split('\n')
  const rows = events.map(({ event_id: id, says }, at) => {
    const text = shortened(escaped(says), Math.max(20, terminal.width - columnsOf(id) - 4))
    return `${lines[at] ?? ''}\n  ${escaped(id)}${text === '' ? '' : `  ${text}`}`
  })
  return [head, ...rows].join('\n')
}

/** Events of a list. */
export function eventsText(
  { events, next }: { readonly events: readonly EventSummary[]; readonly next: string | readonly string[] },
  terminal: Terminal,
): string {
  return paragraphs([events.length === 0 ? 'No events.' : eventRows(events, terminal), more(next)])
}

/** Rooms, a line each. */
export function roomsText({ next, rooms, total }: InspectRoomsResponse, terminal: Terminal): string {
  if (rooms.length === 0) return 'No rooms.'
  const columns: readonly TableColumn<(typeof rooms)[number]>[] = [
    { title: 'room', cell: (room) => room.room_id },
    {
      title: 'name',
      cell: (room) => (room.name === '' ? room.canonical_alias : room.name),
      isFlexible: true,
    },
    { title: 'members', cell: (room) => room.joined_members },
    { title: 'events', cell: (room) => room.events },
    { title: 'extremities', cell: (room) => room.extremities },
    { title: 'soft', cell: (room) => room.soft_failed },
    { title: 'rejected', cell: (room) => room.rejected },
    { title: 'gaps', cell: (room) => room.gaps },
    { title: 'resets', cell: (room) => room.state_resets },
    { title: 'size', cell: (room) => bytesText(room.bytes) },
  ]
  return paragraphs([
    table(rooms, columns, terminal),
    rooms.length < total ? `${rooms.length} of ${total} rooms. ${more(next)}` : '',
  ])
}

/** One room. */
export function roomText(answer: InspectRoomResponse, terminal: Terminal): string {
  const { memberships, room, servers, storage } = answer
  const facts: readonly (readonly [string, string])[] = [
    ['name', room.name],
    ['alias', [room.canonical_alias, ...answer.aliases].filter((alias) => alias !== '').join(', ')],
    ['topic', answer.topic],
    ['version', room.room_version],
    ['created by', answer.creator],
    ['join rule', answer.join_rule],
    ['history visibility', answer.history_visibility],
    ['encrypted', answer.is_encrypted ? 'yes' : ''],
    ['replaced by', answer.replaced_by],
    [
      'members',
      memberships
        .filter(({ users }) => users > 0)
        .map(({ membership, users }) => `${users} ${membership}`)
        .join(', '),
    ],
    [
      'servers',
      `${answer.server_count}: ${servers
        .slice(0, 5)
        .map(({ joined, server }) => `${server} (${joined})`)
        .join(', ')}`,
    ],
    [
      'events',
      `${room.events}, of them ${room.rejected} rejected, ${room.soft_failed} soft-failed, ${room.outliers} outliers`,
    ],
    ['state', `${answer.state_entries} entries`],
    [
      'size',
      storage === null
        ? bytesText(room.bytes)
        : `events ${bytesText(storage.event_bytes)} (${storage.bytes_per_event} B each), ${storage.snapshots} states, outputs ${bytesText(storage.output_bytes)}`,
    ],
    ['last activity', time(room.last_activity_ts)],
  ]
  const lines = facts
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name.padEnd(20)}${escaped(value)}`)
  return paragraphs([
    coloured(escaped(room.room_id), 'bold', terminal),
    lines.join('\n'),
    titled('Forward extremities', eventRows(answer.extremities, terminal), terminal),
    titled('To know', bullets(answer.problems, terminal), terminal),
  ])
}

/** Users of a room, a line each. */
export function membersText({ members, next }: InspectMembersResponse, terminal: Terminal): string {
  if (members.length === 0) return 'No users.'
  const columns: readonly TableColumn<(typeof members)[number]>[] = [
    { title: 'user', cell: (member) => member.user_id, isFlexible: true },
    { title: 'name', cell: (member) => member.display_name, isFlexible: true },
    { title: 'membership', cell: (member) => member.membership },
    { title: 'power', cell: (member) => member.power_level },
    { title: 'since', cell: (member) => time(member.since_ts) },
  ]
  return paragraphs([table(members, columns, terminal), more(next)])
}

/** One event with all that is known of it. */
export function eventText(answer: InspectEventResponse, terminal: Terminal): string {
  const { changes, checks, event, verdict } = answer
  const intact = {
    whole: 'the content is as its sender hashed it',
    redacted: 'the content is what a redaction leaves of it',
    changed: 'the content is NOT what its sender hashed',
  }[answer.content]
  const signatures = answer.signatures.map(
    ({ is_required: isRequired, key_id: key, server }) =>
      `${server} ${key}${isRequired ? '' : ' (not required)'}`,
  )
  const facts = [
    `${place(event)} by ${event.sender}`,
    event.says,
    `sent ${time(event.origin_server_ts)}, depth ${event.depth}, room ${answer.room_id} (version ${answer.room_version})`,
    `${answer.event_id_matches ? 'the ID is that of the content' : 'the ID is NOT that of the content'}; ${intact}`,
    `signed by ${signatures.join(', ')}${answer.missing_signatures.length === 0 ? '' : `; lacks ${answer.missing_signatures.join(', ')}`}`,
    ...(answer.has_remote_state ? ['the state before it is one that other servers supplied'] : []),
    ...(answer.redacted_by === null ? [] : [`redacted by ${answer.redacted_by.event_id}`]),
  ]
  const state = coloured(verdict.verdict, verdict.verdict === 'accepted' ? 'green' : 'red', terminal)
  return paragraphs([
    `${coloured(escaped(event.event_id), 'bold', terminal)}  ${state}`,
    facts
      .filter((fact) => fact !== '')
      .map((fact) => wrapped(escaped(fact), terminal))
      .join('\n'),
    verdict.rule === null
      ? ''
      : prose(
          `Rule ${verdict.rule.rule}: ${verdict.reason}. ${verdict.rule.text} ${verdict.rule.url}`,
          terminal,
        ),
    ...checks.map((check) => checkText(check, terminal)),
    titled('Prev events', eventLines(answer.prev), terminal),
    titled('Auth events', eventLines(answer.auth), terminal),
    titled('Successors', eventLines(answer.successors), terminal),
    titled('Changes of the state', changeLines(changes), terminal),
  ])
}

function checkText(check: InspectEventResponse['checks'][number], terminal: Terminal): string {
  const { against, is_allowed: isAllowed, readings, reason, rule } = check
  const title = `Against the ${against.replace('-', ' ')}: ${isAllowed ? `allowed by rule ${rule.rule}` : `not allowed by rule ${rule.rule}: ${reason}`}`
  return [
    wrapped(escaped(title), terminal),
    ...readings.map(({ event_id: id, says }) => escaped(`  ${says} (${id === '' ? 'by default' : id})`)),
  ].join('\n')
}

function eventLines(events: readonly EventSummary[]): string {
  return events
    .map((event) => escaped(`  ${event.event_id}  ${event.status}  ${place(event)} ${event.sender}`))
    .join('\n')
}

/** Changes of a state, a line each. */
function changeLines(changes: readonly StateChange[]): string {
  const side = (event: EventSummary | null) =>
    event === null ? '(none)' : `${event.says} [${event.event_id}]`
  return changes
    .map((change) => escaped(`  ${place(change)}: ${side(change.from)} -> ${side(change.to)}`))
    .join('\n')
}

/** The difference of two states. */
export function diffText(
  { changes, total }: { readonly changes: readonly StateChange[]; readonly total: number },
  terminal: Terminal,
): string {
  if (total === 0) return 'The states are equal.'
  const side = (sign: string, event: EventSummary | null) =>
    prose(
      event === null ? '(none)' : `${event.says} (${event.sender}, ${event.event_id})`,
      terminal,
      '    ',
    ).replace(/^ {4}/, `  ${sign} `)
  const texts = changes.map((change) =>
    [coloured(escaped(place(change)), 'bold', terminal), side('-', change.from), side('+', change.to)].join(
      '\n',
    ),
  )
  return paragraphs([
    ...texts,
    changes.length < total ? `${changes.length} of ${total} entries that differ.` : '',
  ])
}

/** Who set an entry when. */
export function historyText({ entries, next }: InspectHistoryResponse, terminal: Terminal): string {
  if (entries.length === 0) return 'Nobody has set it, among the events that were looked at.'
  const texts = entries.map(({ event, outcome, why }) =>
    [
      `${time(event.origin_server_ts)}  ${coloured(outcome, outcome === 'current' ? 'green' : 'yellow', terminal)}  ${escaped(event.sender)}  ${escaped(event.event_id)}`,
      prose(event.says, terminal, '  '),
      prose(why, terminal, '  '),
    ].join('\n'),
  )
  return paragraphs([...texts, more(next)])
}

/** Changes of the current state. */
export function journalText({ entries, next }: InspectJournalResponse, terminal: Terminal): string {
  if (entries.length === 0) return 'No changes.'
  const texts = entries.map((entry) =>
    prose(`${entry.is_reset ? 'RESET ' : ''}${entry.says}`, terminal, '  ').replace(/^ {2}/, '- '),
  )
  return paragraphs([texts.join('\n'), more(next)])
}

/** Events of all rooms as they arrived, those of one room below its name. */
export function arrivalsText(arrivals: readonly ArrivedEvent[], terminal: Terminal): string {
  const groups: ArrivedEvent[][] = []
  for (const one of arrivals) {
    const last = groups.at(-1)
    if (last?.[0]?.room_id === one.room_id) last.push(one)
    else groups.push([one])
  }
  return paragraphs(groups.map((group) => arrivedText(group, terminal)))
}

function arrivedText(group: readonly ArrivedEvent[], terminal: Terminal): string {
  const [{ room_id: id, room_name: name } = { room_id: '', room_name: '' }] = group
  const refusals = group.flatMap(({ event, verdict: { reason, rule } }) =>
    rule === null ? [] : [`${event.event_id}: ${event.status} by ${rule.rule}: ${reason}`],
  )
  const changes = group.flatMap((one) => one.changes)
  const sentences = changes.map(({ is_reset, says }) => `${is_reset ? 'RESET ' : ''}${says}`)
  return [
    coloured(escaped(name === '' ? id : `${name} (${id})`), 'bold', terminal),
    eventRows(
      group.map(({ event }) => event),
      terminal,
    ),
    ...(refusals.length + sentences.length === 0 ? [] : [bullets([...refusals, ...sentences], terminal)]),
  ].join('\n')
}

/** A resolution, step by step. */
export function resolutionText(answer: InspectResolutionResponse, terminal: Terminal): string {
  const { checks, conflicts, state_sets: sets } = answer
  const setLines = sets.map(
    ({ after, entries }, at) => `  ${at + 1}. ${entries} entries, after ${after.join(', ')}`,
  )
  if (!answer.is_needed)
    return paragraphs([
      sets.length === 1
        ? 'There is one branch, and nothing to resolve.'
        : 'The branches agree on everything, and there is nothing to resolve.',
      setLines.join('\n'),
    ])
  const conflictLines = conflicts.flatMap(({ candidates, why, winner, ...entry }) => [
    escaped(`  ${place(entry)}`),
    ...candidates.map((id, at) => `    set ${at + 1}: ${id === '' ? '(none)' : id}`),
    `    result: ${winner === '' ? '(none)' : winner}`,
    prose(why, terminal, '    '),
  ])
  const checkLines = checks.map((check, at) => {
    const verdict = check.is_allowed
      ? `allowed by ${check.rule.rule}`
      : `not allowed by ${check.rule.rule}: ${check.reason}`
    const position = check.mainline_position < 0 ? '' : `, mainline position ${check.mainline_position}`
    const rejected = check.was_rejected ? ' (rejected when it was received)' : ''
    return prose(
      `${at + 1}. ${check.event_id} [${check.step}${position}] ${verdict}${rejected}`,
      terminal,
      '  ',
    )
  })
  return paragraphs([
    `State resolution ${answer.algorithm} over ${sets.length} state sets, which agree on ${answer.unconflicted} entries.`,
    titled('State sets', setLines.join('\n'), terminal),
    titled('Conflicts', conflictLines.join('\n'), terminal),
    titled('Auth difference', answer.auth_difference.map((id) => `  ${id}`).join('\n'), terminal),
    titled('Conflicted state subgraph', answer.subgraph.map((id) => `  ${id}`).join('\n'), terminal),
    titled('Power events, in order', answer.power_events.map((id) => `  ${id}`).join('\n'), terminal),
    titled(
      'Mainline, the newest power levels first',
      answer.mainline.map((id) => `  ${id}`).join('\n'),
      terminal,
    ),
    titled('Checks, in order', checkLines.join('\n'), terminal),
    answer.is_shortened ? 'Lists were cut to 1,000 elements.' : '',
  ])
}

/** An explanation. */
export function explanationText(answer: ExplainResponse, terminal: Terminal): string {
  const { happened, links, needed, question, rule } = answer
  const isList = happened.length > 1
  return paragraphs([
    coloured(wrapped(escaped(question), terminal), 'bold', terminal),
    prose(answer.answer, terminal),
    ...happened.map((text) => prose(text, terminal, isList ? '  ' : '')),
    rule === null ? '' : prose(`Rule ${rule.rule}: ${rule.text}`, terminal),
    needed.length === 0 ? '' : bullets(needed, terminal),
    links.map(({ text, url }) => escaped(`${text}: ${url}`)).join('\n'),
  ])
}

/** What the process does, and long work. */
export function jobsText(
  {
    activity,
    jobs,
  }: { readonly activity: InspectActivityResponse | undefined; readonly jobs: InspectJobsResponse },
  terminal: Terminal,
): string {
  const columns: readonly TableColumn<InspectJobsResponse['jobs'][number]>[] = [
    { title: 'job', cell: (job) => job.kind },
    { title: 'state', cell: (job) => job.state },
    { title: 'done', cell: (job) => job.done },
    { title: 'attempts', cell: (job) => job.attempts },
    { title: 'since', cell: (job) => time(job.since_ts) },
    { title: 'room', cell: (job) => job.room_id, isFlexible: true },
    { title: 'event', cell: (job) => job.event_id, isFlexible: true },
    { title: 'last error', cell: (job) => job.last_error, isFlexible: true },
  ]
  return paragraphs([
    activity === undefined ? '' : activityText(activity, terminal),
    jobs.jobs.length === 0 ? 'No job is waiting or running.' : table(jobs.jobs, columns, terminal),
    more(jobs.next),
  ])
}

function activityText(activity: InspectActivityResponse, terminal: Terminal): string {
  const { figures, inbox, queued_events: queued, rooms, waiting_outputs: outputs } = activity
  const columns: readonly TableColumn<(typeof rooms)[number]>[] = [
    { title: 'busy room', cell: (room) => room.room_id, isFlexible: true },
    { title: 'waiting', cell: (room) => room.waiting },
    {
      title: 'step',
      cell: (room) =>
        room.quarantined_ms > 0 ? `quarantined for ${Math.ceil(room.quarantined_ms / 1_000)} s` : room.step,
      isFlexible: true,
    },
    { title: 'for ms', cell: (room) => room.step_ms },
  ]
  return paragraphs([
    `${queued} events in queues, ${inbox} in the inbox${outputs < 0 ? '' : `, ${outputs} outputs to deliver`}`,
    rooms.length === 0 ? '' : table(rooms, columns, terminal),
    figures.length === 0
      ? ''
      : table(
          figures,
          [
            { title: 'since the start', cell: ({ says }) => says },
            { title: 'count', cell: ({ value }) => value },
          ],
          terminal,
        ),
  ])
}
