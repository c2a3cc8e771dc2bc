import { type AtPoint, FAULT_POINTS } from '@roomserver/engine'

/**
 * For crash tests: a process that kills itself (SIGKILL, so that nothing is cleaned up) when it is at a point for the
 * nth time.
 *
 * @param setting - `<point>:<n>`, the value of the variable ROOMSERVER_FAULT; anything else: no fault
 */
export function faultOf(setting: string | undefined): AtPoint | undefined {
  const [name = '', nth = '1'] = (setting ?? '').split(':')
  const fatal = FAULT_POINTS.find((point) => point === name)
  if (fatal === undefined) return undefined
  let left = Number(nth)
  return (point) => {
    if (point === fatal && --left === 0) process.kill(process.pid, 'SIGKILL')
  }
}
