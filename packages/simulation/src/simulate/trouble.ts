/** How unkind a world is: how many of a hundred of each come to grief. */
export interface Trouble {
  /** Messages that are lost, and calls that are not answered. */
  readonly lost: number
  /** Messages that come a second time, later. */
  readonly repeated: number
  readonly refused: number
  /** Honest answers about the past of a room that hold only the later part of it. */
  readonly cut: number
  /** Steps in which the network is parted in two, or heals. */
  readonly parting: number
  readonly healing: number
  /** Steps in which a process is to die soon, or all dead ones are started again. */
  readonly dying: number
  readonly rising: number
  /** Steps that are the liar's. */
  readonly lying: number
  /** Worlds with a liar. */
  readonly dishonest: number
  /** Of the answers of a liar: spoiled ones, those with a past that is made up, and those with a branch that is. */
  readonly spoiled: number
  readonly madeUp: number
  readonly branched: number
}

const USUAL: Trouble = {
  lost: 6,
  repeated: 3,
  refused: 5,
  cut: 0,
  parting: 3,
  healing: 4,
  dying: 3,
  rising: 10,
  lying: 20,
  dishonest: 60,
  spoiled: 40,
  madeUp: 20,
  branched: 30,
}

const GREAT: Trouble = {
  lost: 20,
  repeated: 10,
  refused: 15,
  cut: 30,
  parting: 6,
  healing: 3,
  dying: 8,
  rising: 15,
  lying: 25,
  dishonest: 90,
  spoiled: 60,
  madeUp: 30,
  branched: 50,
}

/** How much trouble seeds are in: all in the usual, all in great trouble, or every tenth of them. */
export type TroubleChoice = 'usual' | 'great' | 'mixed'

const GREAT_EVERY = 10

export function troubleOf(seed: number, choice: TroubleChoice): Trouble {
  const isGreat = choice === 'great' || (choice === 'mixed' && seed % GREAT_EVERY === 0)
  return isGreat ? GREAT : USUAL
}
