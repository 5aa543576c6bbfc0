import { entry } from './entry.ts'

/** Errors of the command line alone. */
export const cliErrors = {
  'cli/bad-option': entry({
    status: 400,
    retry: 'never',
    title: 'An option cannot be used',
    sample: { option: '--port', why: 'it must be a number from 0 to 65535' },
    message: (d) => `${d.option} cannot be used: ${d.why}. See the command's --help.`,
  }),
  'cli/unreachable': entry({
    status: 503,
    retry: 'backoff',
    title: 'The server does not answer',
    sample: { url: 'http://127.0.0.1:4400', why: 'connect ECONNREFUSED' },
    message: (d) =>
      `Millrace at ${d.url} does not answer (${d.why}). It has most likely just ended or is still starting. Look at its terminal, or start it again.`,
  }),
  'cli/refused': entry({
    status: 502,
    retry: 'never',
    title: 'The server answered something unexpected',
    sample: { url: 'http://127.0.0.1:4400', status: 502 },
    message: (d) =>
      `${d.url} answered with ${d.status} and not as Millrace does: most likely another program listens there. Check the address, or start Millrace on another port.`,
  }),
  'cli/file': entry({
    status: 400,
    retry: 'never',
    title: 'A file cannot be read',
    sample: { path: 'edit.json', why: 'it is not JSON' },
    message: (d) => `${d.path} cannot be used: ${d.why}. Correct it, or give another file.`,
  }),
} as const
