/**
 * Whether an answer says that the operation failed, although its status is 200: in `ErrMsg`, or in `Error`, where the
 * reference's callers look for it.
 */
export function isFailedAnswer(answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null) return false
  const text: unknown = Reflect.get(answer, 'ErrMsg')
  const failure: unknown = Reflect.get(answer, 'Error')
  return (typeof text === 'string' && text !== '') || (typeof failure === 'object' && failure !== null)
}
