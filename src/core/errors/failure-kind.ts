import type { ErrorCode } from './dictionary.ts'
import { isErrorCode } from './millrace-error.ts'

/**
 * The kinds of failure that people tell apart, by who mends it:
 * `transport` the network or a server between us: reach it, wait, ask again;
 * `provider` a model's server, or a model here, that answers with an error or with what cannot be read;
 * `schema` what was sent or declared does not fit its form: whoever wrote it;
 * `semantic` its form is right and its sense is not: what it names is missing, or code and models do what was not meant;
 * `policy` a rule, a key, a limit or a budget said no: whoever sets them;
 * `human` a person decided so, or two of them did at once;
 * `effect` what was to be done or kept was not, or nobody knows: mail, disk, database.
 */
export const failureKinds = ['transport', 'provider', 'schema', 'semantic', 'policy', 'human', 'effect'] as const
export type FailureKind = (typeof failureKinds)[number]

type AreaOf<C extends string> = C extends `${infer A}/${string}` ? A : never

/** Every area has its usual kind, but `model`, whose codes are of every kind: each of them stands below (a test holds the list to it). */
const usual: Record<Exclude<AreaOf<ErrorCode>, 'model'>, FailureKind> = {
  api: 'schema',
  backup: 'effect',
  cli: 'schema',
  cost: 'policy',
  governance: 'policy',
  intake: 'schema',
  knowledge: 'semantic',
  review: 'human',
  run: 'semantic',
  server: 'effect',
  store: 'effect',
}

const own: { readonly [C in ErrorCode]?: FailureKind } = {
  'api/no-key': 'policy',
  'api/wrong-key': 'policy',
  'api/wrong-host': 'policy',
  'api/other-site': 'policy',
  'api/no-gateway': 'policy',
  'api/too-large': 'policy',
  'api/headers-too-large': 'policy',
  'api/too-slow': 'transport',
  'api/failed': 'semantic',
  'backup/incomplete': 'schema',
  'backup/damaged': 'schema',
  'backup/other-version': 'schema',
  'cli/unreachable': 'transport',
  'cli/refused': 'transport',
  'cost/bad-price': 'schema',
  'cost/bad-budget': 'schema',
  'cost/not-held': 'semantic',
  'server/bad-otlp': 'schema',
  'governance/master-key-unreadable': 'effect',
  'governance/no-such-run': 'semantic',
  'governance/no-such-payload': 'semantic',
  'governance/payload-altered': 'semantic',
  'governance/bad-policy': 'schema',
  'governance/bad-person': 'schema',
  'governance/weak-password': 'schema',
  'governance/no-such-session': 'semantic',
  'governance/no-such-person': 'semantic',
  'governance/no-such-api-key': 'semantic',
  'intake/unknown-pipeline': 'semantic',
  'intake/too-large': 'policy',
  'intake/stopping': 'transport',
  'intake/not-started': 'effect',
  'intake/which-pipeline': 'semantic',
  'intake/no-such-letter': 'semantic',
  'intake/no-smtp': 'effect',
  'intake/smtp-unavailable': 'transport',
  'intake/smtp-refused': 'effect',
  'intake/reply-in-doubt': 'effect',
  'intake/too-many-replies': 'policy',
  'knowledge/bad-document': 'schema',
  'knowledge/bad-embedding': 'provider',
  'knowledge/too-large': 'policy',
  'model/refused-by-constraint': 'policy',
  'model/no-target-well': 'provider',
  'model/no-such-model': 'semantic',
  'model/no-such-version': 'semantic',
  'model/bad-route': 'schema',
  'model/route-moved': 'human',
  'model/no-earlier-version': 'semantic',
  'model/no-such-plan': 'semantic',
  'model/key-over-limit': 'policy',
  'model/call-over-key': 'policy',
  'model/key-not-for-models': 'policy',
  'model/bad-caller': 'schema',
  'model/bad-body': 'schema',
  'model/refused-field': 'policy',
  'model/foreign-field': 'schema',
  'model/malformed-answer': 'provider',
  'model/oversized-event': 'provider',
  'model/cut-stream': 'transport',
  'model/bad-schema': 'schema',
  'model/unmet-schema': 'semantic',
  'model/no-such-response': 'semantic',
  'model/no-such-call': 'semantic',
  'model/question-refused': 'schema',
  'model/answer-cut': 'semantic',
  'model/answer-withheld': 'provider',
  'model/answer-unfit': 'provider',
  'model/bad-directory': 'provider',
  'model/no-memory': 'provider',
  'model/beyond-memory': 'provider',
  'model/wrong-task': 'semantic',
  'model/too-long-text': 'semantic',
  'model/missing-file': 'provider',
  'model/wrong-digest': 'provider',
  'model/bad-manifest': 'provider',
  'model/bad-tokenizer': 'provider',
  'model/unusable-weights': 'provider',
  'model/wrong-encoder': 'provider',
  'model/no-such-encoder': 'provider',
  'model/no-runtime': 'provider',
  'model/no-such-route': 'semantic',
  'model/wrong-route': 'semantic',
  'model/foreign-label': 'semantic',
  'model/overloaded': 'provider',
  'model/worker-died': 'provider',
  'model/failed': 'provider',
  'model/closed': 'transport',
  'model/bad-template': 'semantic',
  'model/bad-csv': 'schema',
  'model/missing-column': 'schema',
  'model/too-few-examples': 'semantic',
  'model/unknown-label': 'semantic',
  'model/output-taken': 'effect',
  'model/output-unwritable': 'effect',
  'model/upstream-refused': 'transport',
  'model/upstream-timeout': 'transport',
  'model/upstream-broke-off': 'transport',
  'model/upstream-garbled': 'provider',
  'model/upstream-status': 'provider',
  'model/upstream-unauthorised': 'provider',
  'model/upstream-busy': 'provider',
  'model/upstream-aborted': 'human',
  'model/target-resting': 'provider',
  'model/target-full': 'policy',
  'model/no-key': 'policy',
  'model/keys-resting': 'provider',
  'review/bad-reason': 'schema',
  'review/bad-value': 'schema',
  'review/bad-input': 'schema',
  'review/bad-cursor': 'schema',
  'review/wrong-verdict': 'schema',
  'review/no-such-item': 'semantic',
  'review/not-eligible': 'policy',
  'review/other-question': 'semantic',
  'run/cancelled': 'human',
  'run/killed': 'human',
  'run/erased': 'policy',
  'run/no-key': 'policy',
  'server/not-running': 'transport',
  'server/restate-unreachable': 'transport',
  'server/restate-refused': 'transport',
  'server/starting': 'transport',
  'server/stopping': 'transport',
  'server/admin-exposed': 'policy',
  'server/bad-environment': 'schema',
  'server/no-project': 'semantic',
  'server/bad-project': 'semantic',
  'store/unreachable': 'transport',
}

/** The kind of a failure by its code; a code that is not in the dictionary is of a program that failed: `semantic`. */
export function failureKindOf(code: string): FailureKind {
  if (!isErrorCode(code)) return 'semantic'
  return own[code] ?? Object.entries(usual).find(([area]) => code.startsWith(`${area}/`))?.[1] ?? 'semantic'
}

/** Codes of areas without a usual kind that have none of their own. */
export const unsorted = (codes: readonly ErrorCode[]): readonly ErrorCode[] =>
  codes.filter((code) => own[code] === undefined && !Object.keys(usual).some((area) => code.startsWith(`${area}/`)))
