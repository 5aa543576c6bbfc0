import { accessSync, constants } from 'node:fs'
import { resolve } from 'node:path'
import { readDocuments } from '../knowledge/document-files.ts'
import { classifierManifest, encoderManifest } from '../models/directory/manifest.ts'
import { openDirectory } from '../models/directory/open-directory.ts'
import { mailServerOf } from '../server/connectors.ts'
import { encoders } from '../server/millrace.ts'
import { loadProject, type Project } from '../server/project.ts'
import { attempt, type Check, ok, skipped } from './doctor-check.ts'

/** The project: its file, the models that its routes lead to, the documents of its collections, the mail server where it is to send. */
export async function checkProject(
  config: string | undefined,
  env: NodeJS.ProcessEnv,
  send = false,
): Promise<readonly Check[]> {
  let project: Project | undefined
  const file = await attempt('project', 'Correct it and look again.', async () => {
    project = await loadProject(config, env)
    const names = project.settings.pipelines.map((pipeline) => pipeline.name).join(', ')
    return ok('project', `${project.file} runs ${names || 'no pipelines'}`)
  })
  const brought = Object.entries(encoders).map(([name, path]) => checkEncoder(name, path))
  if (!project)
    return [file, ...(await Promise.all(brought)), skipped('models and collections', 'the project cannot be loaded')]
  return [
    file,
    ...(await Promise.all([...brought, ...modelsOf(project), ...collectionsOf(project), ...mailboxOf(project)])),
    ...(send ? [await checkMailServer(project)] : []),
  ]
}

const checkEncoder = (name: string, path: string): Promise<Check> =>
  attempt(`encoder ${name}`, 'Restore its directory.', async () => {
    const { manifest } = await openDirectory(path, encoderManifest)
    return ok(`encoder ${name}`, `${path} is whole (${manifest.digest.slice(0, 12)})`)
  })

const modelsOf = ({ settings, root }: Project): Promise<Check>[] =>
  Object.entries(settings.routes).flatMap(([route, target]) => {
    if (!('classifier' in target)) return []
    const path = resolve(root, target.classifier)
    const look = async (): Promise<Check> => {
      const { manifest } = await openDirectory(path, classifierManifest)
      return ok(`route ${route}`, `${path} is whole (${manifest.digest.slice(0, 12)})`)
    }
    return [attempt(`route ${route}`, 'Restore its directory, or train the model again.', look)]
  })

const collectionsOf = ({ settings, root }: Project): Promise<Check>[] =>
  (settings.collections ?? []).map(({ collection, documents }) =>
    attempt(`collection ${collection.name}`, 'Correct the documents.', async () => {
      const found = await readDocuments(resolve(root, documents))
      return ok(`collection ${collection.name}`, `${found.length} documents`)
    }),
  )

const mailboxOf = ({ settings: { mailbox }, root }: Project): Promise<Check>[] =>
  [mailbox?.demo, mailbox?.customers].flatMap((given) => {
    if (given === undefined) return []
    const look = (): Check => {
      accessSync(resolve(root, given), constants.R_OK)
      return ok('mailbox', `${given} can be read`)
    }
    return [attempt('mailbox', 'Correct its path in the project file.', look)]
  })

/** Said, not tried: a look must not knock at other people's servers. */
const checkMailServer = ({ settings }: Project): Promise<Check> =>
  attempt('mail server', 'Correct MILLRACE_SMTP_URL, or leave --send away.', async () =>
    ok('mail server', `replies would be sent through ${mailServerOf(settings).at}`),
  )
