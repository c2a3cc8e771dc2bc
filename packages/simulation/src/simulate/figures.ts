/** What happened in a run, or in many. */
export interface Figures {
  events: number
  rooms: number
  sent: number
  lost: number
  repeated: number
  partitions: number
  crashes: number
  lies: number
  repairs: number
  softFailed: number
  rejected: number
  judged: number
  compared: number
  divided: number
  deceived: number
  invites: number
  declined: number
  withdrawn: number
  knocks: number
  vouched: number
  addresses: number
  scrolled: number
  peeks: number
  policySigned: number
  policyRefused: number
}

export function noFigures(): Figures {
  return {
    events: 0,
    rooms: 0,
    sent: 0,
    lost: 0,
    repeated: 0,
    partitions: 0,
    crashes: 0,
    lies: 0,
    repairs: 0,
    softFailed: 0,
    rejected: 0,
    judged: 0,
    compared: 0,
    divided: 0,
    deceived: 0,
    invites: 0,
    declined: 0,
    withdrawn: 0,
    knocks: 0,
    vouched: 0,
    addresses: 0,
    scrolled: 0,
    peeks: 0,
    policySigned: 0,
    policyRefused: 0,
  }
}

export function addFigures(sum: Figures, more: Figures): void {
  for (const name of Object.keys(sum) as (keyof Figures)[]) sum[name] += more[name]
}

/** The figures as a sentence of their names and numbers. */
export function figuresText(figures: Figures): string {
  return [
    `${figures.rooms} rooms, ${figures.events} events`,
    `${figures.sent} messages between servers, ${figures.lost} of them lost, ${figures.repeated} repeated`,
    `${figures.partitions} partitions, ${figures.crashes} crashes, ${figures.lies} lies`,
    `${figures.repairs} repairs, ${figures.rejected} rejections, ${figures.softFailed} soft failures`,
    `${figures.judged} verdicts and states compared with the reference, ${figures.deceived} states believed of a dishonest server`,
    `${figures.compared} rooms compared between servers, ${figures.divided} divided by soft failures alone`,
    `${figures.invites} invites to other servers, ${figures.declined} rejected, ${figures.withdrawn} withdrawn`,
    `${figures.knocks} knocks, ${figures.vouched} restricted joins, ${figures.addresses} third-party invites`,
    `${figures.scrolled} backfills, ${figures.peeks} peeks through other servers`,
    `${figures.policySigned} events signed by policy servers, ${figures.policyRefused} refused, wrongly signed or not answered`,
  ].join('\n')
}
