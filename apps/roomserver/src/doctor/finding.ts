/** Whether somebody has to act now, or should know. */
export type Severity = 'error' | 'warning'

/** Something that the doctor found. */
export interface DoctorFinding {
  /** Stays the same from version to version, for scripts. */
  readonly code: string
  readonly severity: Severity
  readonly what: string
  readonly means: string
  readonly remedy: string
}

export const error = (code: string, what: string, means: string, remedy: string): DoctorFinding => ({
  code,
  severity: 'error',
  what,
  means,
  remedy,
})

export const warning = (code: string, what: string, means: string, remedy: string): DoctorFinding => ({
  ...error(code, what, means, remedy),
  severity: 'warning',
})

/** The finding, where it is one. */
export const when = (condition: boolean, finding: () => DoctorFinding): readonly DoctorFinding[] =>
  condition ? [finding()] : []
