import type { GeneratorOptions } from './measure.ts'

/** What is asked of all runs together. */
export interface LoadOptions {
  readonly phases: string
  readonly members: string
  readonly messages: number
  readonly mixRooms: number
  readonly mixMembers: number
  readonly mixMessages: number
}

/** Loads that a server gets one after the other, each with a store of its own. */
export type RunName = 'in-order' | 'shuffled' | 'mix' | 'mix-without' | 'mix-idle'

/** The size of the largest room in the mix that is to be without a large one. */
const SMALL_ROOM = 20

/** The runs, each as options of the generator. */
export function loadRuns(options: LoadOptions): Readonly<Record<RunName, GeneratorOptions>> {
  const { phases, members, messages } = options
  const mix = { phases: 'mix', rooms: options.mixRooms, messages: options.mixMessages }
  return {
    /** Everybody joins in the order in which they became known. */
    'in-order': { phases, members, messages },
    /** The same room, whose members were known before. */
    shuffled: { phases: 'growth,queries', members, shuffled: true },
    /** An ordinary day. */
    mix: { ...mix, members: options.mixMembers },
    /** The same without its large room. */
    'mix-without': { ...mix, members: SMALL_ROOM },
    /** The mix's questions about its large room, with nothing else to do. */
    'mix-idle': { phases: 'growth,queries', members: options.mixMembers, shuffled: true },
  }
}

/** The runs that a list names, in their order. @throws {Error} for a name that is not one */
export function runsNamed(list: string): readonly RunName[] {
  const all: readonly RunName[] = ['in-order', 'shuffled', 'mix', 'mix-without', 'mix-idle']
  const wanted = list.split(',')
  const unknown = wanted.find((name) => !all.some((run) => run === name))
  if (unknown !== undefined) throw new Error(`unknown run ${unknown}: expected ${all.join(', ')}`)
  return all.filter((run) => wanted.includes(run))
}
