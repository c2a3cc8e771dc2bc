export {
  type AuthSubject,
  authTypesFor,
  referencedTypesFor,
  selectAuthEvents,
  type StateTuple,
} from './auth-types.ts'
export {
  type JoinAnswerOptions,
  type JoinAnswerVerdict,
  readJoinAnswer,
  type VerifiedJoin,
} from './answers/read-join-answer.ts'
export {
  readStateAnswer,
  type RefusedEvent,
  type StateAnswerOptions,
  type StateAnswerVerdict,
  type VerifiedState,
} from './answers/read-state-answer.ts'
export { checkAuth } from './check-auth.ts'
export { checkAuthEvents, type ReferencedEvents } from './check-auth-events.ts'
export { checkEventGraph } from './check-event-graph.ts'
export { checkRedaction } from './check-redaction.ts'
export { createIdOf } from './create-event.ts'
export { traceText, type AuthTrace, explainAuth } from './explain/explain-auth.ts'
export type { Reading } from './explain/readings.ts'
export { type ExplainedStep, stepsTo } from './explain/steps.ts'
export { type CreateEvent, LEVEL_NAMES, type LevelName, type PowerLevelSources, readLevel } from './levels.ts'
export { checkPlanned, type Permissions, permissionsOf, type PlannedEvent } from './permissions.ts'
export { CREATOR_LEVEL, NOBODY_LEVEL, powerLevelOf } from './power-level-of.ts'
export type { Holders, PowerAction, Powers } from './powers.ts'
export { powersIn } from './powers-in.ts'
export { type PowerContents, powersOf } from './powers-of.ts'
export { type NumberedStep, ruleBook, type RuleBook } from './rules/book.ts'
export { describeRule } from './rules/describe-rule.ts'
export type { RuleDescription } from './rules/rule-description.ts'
export type { RuleKey } from './rules/table.ts'
export { softFailure } from './soft-fail.ts'
export { type AuthState, authStateOf } from './state.ts'
export { signatureChecksIn } from './third-party/signed-by-invite.ts'
export type { AuthAllowed, AuthRefused, AuthVerdict } from './verdict.ts'
export { type HistoryVisibility, historyVisibility } from './visibility/history-visibility.ts'
export { mayServerSee, mayUserSee, type ServerView, type UserView } from './visibility/may-see.ts'
export type { VisibilityVerdict } from './visibility/verdict.ts'
