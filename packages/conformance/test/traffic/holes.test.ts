import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { AnnouncedStates } from '../../src/traffic/announcements.ts'
import { RecordedTruth } from '../../src/traffic/recorded-truth.ts'
import { readRecording } from '../../src/traffic/recording.ts'
import { replayOn } from '../../src/traffic/replay-on.ts'
import { startServers } from '../../src/traffic/servers.ts'
import { punch } from './punched.ts'

const FOLDER = join(import.meta.dirname, '../../fixtures/traffic')
const RECORDINGS = readdirSync(FOLDER)
/** Where few events are missing already, so that more can be taken out. */
const WHOLE_ENOUGH = RECORDINGS.filter((file) => file.startsWith('holes'))

it.each(RECORDINGS)('answers and announces as recorded where the link was broken: %s', async (file) => {
  await using servers = await startServers({ database: 'sqlite', jetstream: false })
  const result = await replayOn(servers, await readRecording(join(FOLDER, file)))
  expect(result.failures).toEqual([])
  expect(result.passed).toBeGreaterThan(200)
})

it.each(WHOLE_ENOUGH)(
  'ends with the same state when it gets events only as missing ones: %s',
  async (file) => {
    await using servers = await startServers({ database: 'sqlite', jetstream: false })
    const recording = await readRecording(join(FOLDER, file))
    const whole = new RecordedTruth(recording.lines)
    const { outputs } = await replayOn(servers, punch(recording, 1))
    const states = new AnnouncedStates()
    const last = new Map(
      outputs.flatMap((output) => {
        const announced = states.follow(output)
        return announced === undefined ? [] : [[announced.roomId, announced] as const]
      }),
    )
    for (const [roomId, { state }] of last) {
      const truth = whole.standingAt(roomId, Number.POSITIVE_INFINITY)
      expect([...state].toSorted(), roomId).toEqual(
        [...(truth?.state.values() ?? [])].map((pdu) => pdu.eventId).toSorted(),
      )
    }
    expect(last.size).toBeGreaterThan(3)
  },
)
