export {
  type AuthSubject,
  authTypesFor,
  citedTypesFor,
  selectAuthEvents,
  type StateTuple,
} from './auth-types.ts'
export { checkAuth } from './check-auth.ts'
export { checkAuthEvents, type CitedEvents } from './check-auth-events.ts'
export { powerLevelOf, type PowerLevelSources } from './power-level-of.ts'
export { type AuthState, authStateOf } from './state.ts'
export type { AuthAllowed, AuthRefused, AuthVerdict } from './verdict.ts'
