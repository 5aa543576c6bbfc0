import { entry } from './entry.ts'

/** Errors of the registry of models and routes, and of where a route leads a call. */
export const modelRouteErrors = {
  'model/refused-by-constraint': entry({
    status: 403,
    retry: 'never',
    title: 'A constraint lets nobody answer',
    sample: { route: 'chat', constraint: 'region', why: 'small@0f1e2d3c4b5a: it is in us, not in eu' },
    message: (d) =>
      `The route ${d.route} has nobody who may answer this call; the constraint is ${d.constraint} (${d.why}). Nothing was sent anywhere. Use another route or a key with less delicate data, or change the route with \`millrace routes set\`.`,
  }),
  'model/no-target-well': entry({
    status: 503,
    retry: 'backoff',
    title: 'All targets of the route are ill',
    sample: { route: 'chat', why: 'small@0f1e2d3c4b5a: breaker-open' },
    message: (d) =>
      `Whoever may answer on the route ${d.route} failed lately and is left alone for a while (${d.why}). Try again shortly; give the route a fallback if this happens often.`,
  }),
  'model/no-such-model': entry({
    status: 422,
    retry: 'never',
    title: 'There is no such model',
    sample: { model: 'small@0f1e2d3c', known: 'small, large' },
    message: (d) =>
      `There is no model ${d.model} in the registry; it has: ${d.known}. Check the name and the version, or add the model to millrace.config.ts.`,
  }),
  'model/no-such-version': entry({
    status: 404,
    retry: 'never',
    title: 'The route has no such version',
    sample: { route: 'chat', version: '0f1e2d3c' },
    message: (d) =>
      `The route ${d.route} has no version that begins with ${d.version}, or more than one. Look at its versions with \`millrace routes show ${d.route}\`.`,
  }),
  'model/bad-route': entry({
    status: 422,
    retry: 'never',
    title: 'The route cannot be used',
    sample: { route: 'chat', why: 'its alias gpt-4o is the route mini’s too' },
    message: (d) =>
      `The route ${d.route} cannot be used so: ${d.why}. Nothing was changed. Correct the declaration and set it again.`,
  }),
  'model/route-moved': entry({
    status: 409,
    retry: 'never',
    title: 'Another version answers by now',
    sample: { route: 'chat', base: '0f1e2d3c4b5a', current: '83f606b97707' },
    message: (d) =>
      `The plan compares with version ${d.base} of the route ${d.route}, and ${d.current} answers by now: somebody changed it. Plan again, look at the result, and promote that.`,
  }),
  'model/no-earlier-version': entry({
    status: 409,
    retry: 'never',
    title: 'There is no version to roll back to',
    sample: { route: 'chat' },
    message: (d) =>
      `The route ${d.route} never had another version before this one. Promote a version by its digest instead; \`millrace routes show ${d.route}\` lists them.`,
  }),
  'model/no-such-plan': entry({
    status: 404,
    retry: 'never',
    title: 'There is no such plan',
    sample: { plan: 'pln_0190a1b2c3d47e5f8a9b0c1d2e3f4a5b', route: 'chat' },
    message: (d) =>
      `There is no plan ${d.plan} for this version of the route ${d.route}. Plan the version that is to be promoted with \`millrace routes plan ${d.route}\`.`,
  }),
} as const
