import { entry } from './entry.ts'

/** Errors of work items: what a person who decides, or a program in their name, is told. */
export const reviewErrors = {
  'review/no-such-item': entry({
    status: 404,
    retry: 'never',
    title: 'There is no such work item',
    sample: { item: 'rev_0' },
    message: (d) =>
      `There is no work item ${d.item} here. It may belong to another data directory; list them with \`millrace reviews list\`.`,
  }),
  'review/claimed': entry({
    status: 409,
    retry: 'never',
    title: 'Another person has claimed the item',
    sample: { item: 'rev_0', holder: 'per_0' },
    message: (d) =>
      `Work item ${d.item} is claimed by ${d.holder}, whose lease still runs. Take another item, or wait until it is released or the lease ends.`,
  }),
  'review/claim-lost': entry({
    status: 409,
    retry: 'never',
    title: 'The claim no longer counts',
    sample: { item: 'rev_0', claim: 2 },
    message: (d) =>
      `Claim ${d.claim} on work item ${d.item} does not count: it was released, or the item was claimed again since, perhaps in another window. Nothing was changed. Claim the item again and look at it before you decide.`,
  }),
  'review/decided': entry({
    status: 409,
    retry: 'never',
    title: 'The item is decided',
    sample: { item: 'rev_0', verdict: 'approve', person: 'per_0' },
    message: (d) =>
      `Work item ${d.item} is decided already: ${d.verdict} by ${d.person}. That decision stands; look at the run to see what came of it.`,
  }),
  'review/held': entry({
    status: 409,
    retry: 'never',
    title: 'A decision on the item is held',
    sample: { item: 'rev_0' },
    message: (d) =>
      `You have decided on work item ${d.item}, and the decision takes effect in a moment. Undo it first to decide otherwise.`,
  }),
  'review/nothing-held': entry({
    status: 409,
    retry: 'never',
    title: 'There is nothing to undo',
    sample: {},
    message: () =>
      `None of your decisions is held: the last one has taken effect, or was undone before. Show the item to see what stands.`,
  }),
  'review/draft-changed': entry({
    status: 409,
    retry: 'never',
    title: 'The draft was changed in another window',
    sample: { item: 'rev_0', version: 2 },
    message: (d) =>
      `The draft of work item ${d.item} is at version ${d.version} by now: another window of yours saved it. Nothing was overwritten. Read it, and save with its version.`,
  }),
  'review/no-such-decision': entry({
    status: 404,
    retry: 'never',
    title: 'There is no such decision',
    sample: { decision: 'rev_0.1' },
    message: (d) =>
      `There is no decision ${d.decision} here. A decision is named by its item and its ordinal, as in rev_0.1; show the item to see its decisions.`,
  }),
  'review/closed': entry({
    status: 409,
    retry: 'never',
    title: 'The item is closed',
    sample: { item: 'rev_0', why: 'timeout' },
    message: (d) =>
      `Work item ${d.item} was closed without a decision (${d.why}): its run no longer waits for it. Nothing is left to decide.`,
  }),
  'review/not-eligible': entry({
    status: 403,
    retry: 'never',
    title: 'This person may not decide the item',
    sample: { item: 'rev_0', why: 'they decided on it before' },
    message: (d) => `This person may not decide work item ${d.item}: ${d.why}. Another person must take it.`,
  }),
  'review/changed': entry({
    status: 409,
    retry: 'never',
    title: 'The item is not what was shown',
    sample: { item: 'rev_0' },
    message: (d) =>
      `The decision on work item ${d.item} names other content than the item has: it was made on an old or another item's page. Nothing was decided. Show the item again and decide on what it says.`,
  }),
  'review/wrong-verdict': entry({
    status: 422,
    retry: 'never',
    title: 'The verdict does not fit the item',
    sample: { item: 'rev_0', verdict: 'answer', allowed: 'approve, reject' },
    message: (d) =>
      `Work item ${d.item} cannot be decided with ${d.verdict}; it takes: ${d.allowed}. Give one of these.`,
  }),
  'review/bad-reason': entry({
    status: 422,
    retry: 'never',
    title: 'The reason is not one of the form’s',
    sample: { item: 'rev_0', known: 'wrong-intent, wrong-facts' },
    message: (d) =>
      `A rejection of work item ${d.item} needs a reason code of its form, and any reason given must be one: ${d.known}. Give one of these; a note may say more.`,
  }),
  'review/bad-value': entry({
    status: 422,
    retry: 'never',
    title: 'The value does not fit the form',
    sample: { item: 'rev_0', problems: 'to: Invalid email address' },
    message: (d) =>
      `The value for work item ${d.item} was not taken: ${d.problems}. Correct it and decide again; the claim still holds.`,
  }),
  'review/bad-input': entry({
    status: 422,
    retry: 'never',
    title: 'The request cannot be read',
    sample: { problems: 'claim: expected a number' },
    message: (d) => `The request cannot be used: ${d.problems}. Correct these fields and send it again.`,
  }),
  'review/bad-cursor': entry({
    status: 422,
    retry: 'never',
    title: 'The cursor is not one of this list',
    sample: {},
    message: () => `The cursor was not made by this list, or was cut short. Start the list again without a cursor.`,
  }),
  'review/other-question': entry({
    status: 409,
    retry: 'never',
    title: 'The step has asked something else before',
    sample: { item: 'rev_0', run: 'run_0' },
    message: (d) =>
      `A step of run ${d.run} has opened work item ${d.item} before, with other content. An approval of one must not count for the other, so the step fails. Start the run again on the version that is deployed now.`,
  }),
} as const
