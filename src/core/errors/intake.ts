export const intakeErrors = {} as const
