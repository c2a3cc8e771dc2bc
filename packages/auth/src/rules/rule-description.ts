/** The rule of a verdict, for people. */
export interface RuleDescription {
  /** What the step tests and what follows, after the steps that it belongs to. */
  readonly text: string
  /** Where the specification has it; `undefined` for unstable room versions, which have no page. */
  readonly url: string | undefined
}
