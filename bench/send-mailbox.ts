import type { Client } from '../src/cli/client.ts'
import { type MailLine, MailboxRun } from '../src/cli/mailbox-run.ts'

/** Sends a mailbox as `millrace run` does. Answers what became of each mail, and the seconds from the first file's reading to the last outcome. */
export async function sendMailbox(
  client: Client,
  directory: string,
): Promise<{ readonly lines: readonly MailLine[]; readonly seconds: number }> {
  const lines: MailLine[] = []
  const since = performance.now()
  await new MailboxRun({
    client: () => client,
    pipeline: 'support-triage',
    directory,
    line: (line) => lines.push(line),
    progress() {},
  }).perform()
  return { lines, seconds: (performance.now() - since) / 1000 }
}
