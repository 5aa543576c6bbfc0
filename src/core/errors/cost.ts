import { entry } from './entry.ts'

/** Errors of prices and budgets. No detail holds what was asked of a model. */
export const costErrors = {
  'cost/bad-price': entry({
    status: 422,
    retry: 'never',
    title: 'A declared price cannot be used',
    sample: { at: 0, why: 'currency: expected a currency code such as USD' },
    message: (d) =>
      `The price at position ${d.at} of the project's settings cannot be used: ${d.why}. Correct it in millrace.config.ts; amounts are units of the currency per million tokens.`,
  }),
  'cost/unknown-price': entry({
    status: 422,
    retry: 'never',
    title: 'The model’s price is not known',
    sample: { model: 'local/llama-3', budget: 'support' },
    message: (d) =>
      `Nothing was sent: the price of ${d.model} is not known for what is asked, and the budget ${d.budget} applies, which must not be spent blindly. ` +
      `Declare the price under prices in millrace.config.ts (zero, where the model costs nothing).`,
  }),
  'cost/over-budget': entry({
    status: 429,
    retry: 'pause',
    title: 'The budget does not allow this call',
    sample: { budget: 'support', period: '2026-11', worst: '0.31 USD' },
    message: (d) =>
      `Nothing was sent: this call can cost up to ${d.worst}, and with what is spent and held that is more than the budget ${d.budget} has for ${d.period}. ` +
      `Wait for the next period, ask for less output, or have the budget raised.`,
  }),
  'cost/no-such-budget': entry({
    status: 422,
    retry: 'never',
    title: 'There is no such budget',
    sample: { budget: 'suport' },
    message: (d) =>
      `Nothing was sent: there is no budget ${d.budget} here. Check the name that the key or the route gives, or add the budget to millrace.config.ts.`,
  }),
  'cost/wrong-currency': entry({
    status: 422,
    retry: 'never',
    title: 'The budget counts in another currency',
    sample: { budget: 'support', expected: 'EUR', actual: 'USD' },
    message: (d) =>
      `Nothing was sent: the budget ${d.budget} counts in ${d.expected}, and the model's price is in ${d.actual}; amounts are never converted. ` +
      `Declare the model's price in ${d.expected}, or use a budget in ${d.actual}.`,
  }),
  'cost/bad-budget': entry({
    status: 422,
    retry: 'never',
    title: 'A declared budget cannot be used',
    sample: { budget: 'support', why: 'its parent sales is not declared' },
    message: (d) =>
      `The budget ${d.budget} cannot be used: ${d.why}. Correct it where it was said, in millrace.config.ts or in the request; no budget was changed.`,
  }),
  'cost/not-held': entry({
    status: 409,
    retry: 'never',
    title: 'The reservation cannot be changed so',
    sample: { reservation: 'res_0', why: 'it is still held' },
    message: (d) =>
      `The reservation ${d.reservation} cannot be changed so: ${d.why}. A reservation ends once; what turns out later is a correction of one that has ended.`,
  }),
} as const
