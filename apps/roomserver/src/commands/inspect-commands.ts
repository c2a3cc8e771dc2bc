import type { InspectionApi } from '@roomserver/api'
import { GRAPH_FORMATS, type GraphFormat, graphText } from '@roomserver/inspect'
import { Command, InvalidArgumentError, Option } from 'commander'
import { answering } from '../inspect/answer-command.ts'
import { count } from '../inspect/inspection-options.ts'
import {
  diffText,
  eventsText,
  eventText,
  explanationText,
  historyText,
  jobsText,
  journalText,
  membersText,
  resolutionText,
  roomsText,
  roomText,
} from '../inspect/texts.ts'

interface Limited {
  readonly limit?: number
}

const limitOption = () => new Option('-l, --limit <number>', 'how many at the most').argParser(count)

const limitOf = ({ limit }: Limited): number => limit ?? 0

const FIRST = { cursor: '' }

/** Without a type it would be the room that is explained. */
function entryKey(text: string): string {
  if (text !== '' && !text.startsWith(',')) return text
  throw new InvalidArgumentError('Expected an event type, or an event type, a comma and a state key.')
}

/** The commands that look inside rooms and print one answer. */
export function inspectCommands(): readonly Command[] {
  return [...roomCommands(), ...eventCommands(), ...stateCommands()]
}

function roomCommands(): readonly Command[] {
  const rooms = new Command('rooms')
    .description('list rooms, those that cost most first')
    .option('-s, --search <text>', 'only rooms whose ID, name or alias has this text')
    .option(
      '--sort <figure>',
      'room_id, name, members, events, extremities, soft_failed, rejected, gaps, state_resets, bytes or last_activity',
      'bytes',
    )
    .option('-r, --reverse', 'the other way round')
    .addOption(limitOption())
  const room = new Command('room').argument('<room>', 'a room ID or alias').description('describe a room')
  const members = new Command('members')
    .argument('<room>', 'a room ID or alias')
    .description('list the users of a room')
    .addOption(
      new Option('-m, --membership <membership>', 'only users with this membership')
        .choices(['join', 'invite', 'knock', 'leave', 'ban', 'any'])
        .default('join'),
    )
    .option('--server <name>', 'only users of this server')
    .addOption(limitOption())
  const jobs = new Command('jobs')
    .argument('[room]', 'a room ID')
    .description('tell what the server is doing, and list long work on rooms')
    .addOption(limitOption())
  return [
    answering<Limited & RoomsOptions, Awaited<ReturnType<InspectionApi['rooms']>>>(rooms, {
      ask: (api, _args, options) => {
        const { reverse = false, search = '', sort } = options
        return api.rooms({ ...FIRST, search, sort, is_reversed: reverse, limit: limitOf(options) })
      },
      show: roomsText,
    }),
    answering(room, { ask: (api, [id = '']) => api.room({ room_id: id }), show: roomText }),
    answering<Limited & MembersOptions, Awaited<ReturnType<InspectionApi['members']>>>(members, {
      ask: (api, [id = ''], options) => {
        const { membership, server = '' } = options
        const only = membership === 'any' ? '' : membership
        return api.members({ ...FIRST, room_id: id, membership: only, server, limit: limitOf(options) })
      },
      show: membersText,
    }),
    answering(jobs, {
      ask: async (api, [id = ''], options: Limited) => ({
        activity: id === '' ? await api.activity({}) : undefined,
        jobs: await api.jobs({ ...FIRST, room_id: id, limit: limitOf(options) }),
      }),
      show: jobsText,
    }),
  ]
}

interface MembersOptions {
  readonly membership: string
  readonly server?: string
}

interface RoomsOptions {
  readonly search?: string
  readonly sort: string
  readonly reverse?: true
}

function eventCommands(): readonly Command[] {
  const event = new Command('event')
    .argument('<event>', 'an event ID')
    .description('show all that is known of an event')
  const events = new Command('events')
    .argument('<room>', 'a room ID or alias')
    .description('find events of a room, the latest first')
    .option('-s, --search <text>', 'part of an event ID, a sender or a type')
    .option('-t, --type <type>', 'only events of this type')
    .option('--sender <user>', 'only events of this user')
    .addOption(
      new Option('--status <status>', 'only events that stand so').choices([
        'accepted',
        'soft-failed',
        'rejected',
        'outlier',
      ]),
    )
    .addOption(limitOption())
  const graph = new Command('graph')
    .argument('<room>', 'a room ID or alias')
    .description('draw the end of the event graph of a room, or a part of it')
    .addOption(
      new Option('--format <format>', 'the form of the drawing').choices(GRAPH_FORMATS).default('dot'),
    )
    .option('--around <event>', 'the events around this one')
    .option('--from <event>', 'back from this event')
    .addOption(limitOption())
  const explain = new Command('explain')
    .argument('<event-or-room>', 'an event ID, a room ID or an alias')
    .description('explain an event, a room, or an entry of its state')
    .option('-k, --key <type,key>', 'the entry to explain: an event type, or type and state key', entryKey)
  return [
    answering(event, { ask: (api, [id = '']) => api.event({ event_id: id }), show: eventText }),
    answering<Limited & EventsOptions, Awaited<ReturnType<InspectionApi['events']>>>(events, {
      ask: (api, [id = ''], options) => {
        const { search = '', sender = '', status = '', type = '' } = options
        return api.events({ ...FIRST, room_id: id, search, sender, status, type, limit: limitOf(options) })
      },
      show: eventsText,
    }),
    answering<Limited & GraphOptions, Awaited<ReturnType<InspectionApi['graph']>>>(graph, {
      ask: (api, [id = ''], options) => {
        const { around, from } = options
        const start = [around, from].filter((one) => one !== undefined)
        const direction = around === undefined ? 'back' : 'around'
        return api.graph({ room_id: id, from: start, direction, limit: limitOf(options) })
      },
      show: ({ events: shown }, _terminal, { format }) => graphText(shown, format).trimEnd(),
    }),
    answering(explain, {
      ask: (api, [name = ''], { key = '' }: { readonly key?: string }) => {
        const comma = key.indexOf(',')
        const [type, stateKey] = comma < 0 ? [key, ''] : [key.slice(0, comma), key.slice(comma + 1)]
        return name.startsWith('$')
          ? api.explain({ room_id: '', event_id: name, type: '', state_key: '' })
          : api.explain({ room_id: name, event_id: '', type, state_key: stateKey })
      },
      show: explanationText,
    }),
  ]
}

interface EventsOptions {
  readonly search?: string
  readonly type?: string
  readonly sender?: string
  readonly status?: string
}

interface GraphOptions {
  readonly format: GraphFormat
  readonly around?: string
  readonly from?: string
}

function stateCommands(): readonly Command[] {
  const before = () => new Option('--before', 'the state before the event, instead of after it')
  const state = new Command('state')
    .argument('<room>', 'a room ID or alias')
    .description('show the state of a room, now or at an event')
    .option('--at <event>', 'at this event')
    .addOption(before())
    .option('-t, --type <type>', 'only entries of this event type')
    .addOption(limitOption())
  const diff = new Command('diff')
    .argument('<room>', 'a room ID or alias')
    .argument('<first>', 'an event ID, or `current`')
    .argument('<second>', 'an event ID, or `current`')
    .description('compare the states after two events')
    .addOption(limitOption())
  const history = new Command('history')
    .argument('<room>', 'a room ID or alias')
    .argument('<type>', 'an event type, such as m.room.topic')
    .argument('[key]', 'a state key, such as a user ID')
    .description('tell who set an entry of the state when, and which settings lost')
    .addOption(limitOption())
  const journal = new Command('journal')
    .argument('<room>', 'a room ID or alias')
    .description('list the changes of the current state with their causes, the latest first')
    .option('--resets', 'only state resets')
    .addOption(limitOption())
  const resolve = new Command('resolve')
    .argument('<room>', 'a room ID or alias')
    .description('do a state resolution again and show its steps')
    .option('--at <event>', 'the resolution of the state before this event')
    .option('--arrival <event>', 'the resolution of the current state when this event arrived')
  return [
    answering<Limited & StateOptions, Awaited<ReturnType<InspectionApi['state']>>>(state, {
      ask: (api, [id = ''], options) => {
        const at = { event_id: options.at ?? '', side: options.before === true ? 'before' : 'after' }
        return api.state({ ...FIRST, room_id: id, at, type: options.type ?? '', limit: limitOf(options) })
      },
      show: ({ entries, next }, terminal) => eventsText({ events: entries, next }, terminal),
    }),
    answering(diff, {
      ask: (api, [id = '', first = '', second = ''], options: Limited) =>
        api.diff({ room_id: id, from: pointOf(first), to: pointOf(second), limit: limitOf(options) }),
      show: diffText,
    }),
    answering(history, {
      ask: (api, [id = '', type = '', key = ''], options: Limited) =>
        api.history({ ...FIRST, room_id: id, type, state_key: key, limit: limitOf(options) }),
      show: historyText,
    }),
    answering(journal, {
      ask: (api, [id = ''], options: Limited & { readonly resets?: true }) =>
        api.journal({
          ...FIRST,
          room_id: id,
          resets_only: options.resets === true,
          type: '',
          state_key: '',
          limit: limitOf(options),
        }),
      show: journalText,
    }),
    answering(resolve, {
      ask: (api, [id = ''], { arrival, at }: { readonly at?: string; readonly arrival?: string }) =>
        api.resolution({
          room_id: id,
          at: arrival ?? at ?? '',
          moment: arrival === undefined ? 'before' : 'arrival',
        }),
      show: resolutionText,
    }),
  ]
}

interface StateOptions {
  readonly at?: string
  readonly before?: true
  readonly type?: string
}

function pointOf(text: string) {
  return { event_id: text === 'current' ? '' : text, side: 'after' }
}
