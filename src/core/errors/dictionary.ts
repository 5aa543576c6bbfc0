import { apiErrors } from './api.ts'
import { backupErrors } from './backup.ts'
import { cliErrors } from './cli.ts'
import { clientErrors } from './client.ts'
import { costErrors } from './cost.ts'
import { governanceErrors } from './governance.ts'
import { intakeErrors } from './intake.ts'
import { knowledgeErrors } from './knowledge.ts'
import { modelErrors } from './model.ts'
import { modelAnswerErrors } from './model-answer.ts'
import { modelLocalErrors } from './model-local.ts'
import { modelRouteErrors } from './model-route.ts'
import { modelStepErrors } from './model-step.ts'
import { modelWireErrors } from './model-wire.ts'
import { reviewErrors } from './review.ts'
import { runErrors } from './run.ts'
import { serverErrors } from './server.ts'
import { storeErrors } from './store.ts'
import { upstreamErrors } from './upstream.ts'

/** Every error that Millrace tells a person or a program, by its stable code. */
export const dictionary = {
  ...apiErrors,
  ...backupErrors,
  ...cliErrors,
  ...clientErrors,
  ...costErrors,
  ...governanceErrors,
  ...intakeErrors,
  ...knowledgeErrors,
  ...modelErrors,
  ...modelAnswerErrors,
  ...modelLocalErrors,
  ...modelRouteErrors,
  ...modelStepErrors,
  ...modelWireErrors,
  ...reviewErrors,
  ...runErrors,
  ...serverErrors,
  ...storeErrors,
  ...upstreamErrors,
} as const

export type ErrorCode = keyof typeof dictionary

export type DetailsOf<C extends ErrorCode> = (typeof dictionary)[C]['sample']
