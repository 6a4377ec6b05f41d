// @ts-check
// Uploads the Worker, checks what answers, and goes back when that was asked.
import { resolve } from 'node:path'
import { Failure } from '../failure.mjs'
import { checkSecretsFile, withNewSecret } from './secret-file.mjs'
import { smokeTest } from './smoke.mjs'
import { commitName, versionMessage } from './source.mjs'
import { rollBack, rollbackCommand, uploadWorker } from './wrangler.mjs'

/**
 * Uploads the Worker unless the running version is the same, and checks what answers.
 * @param {import('../deploy.mjs').Deploy} steps
 * @param {import('./plan.mjs').Plan} plan
 * @returns {Promise<{ version: string, before: string | null }>}
 */
export async function release(steps, plan) {
  const { report, signal, facts } = steps
  const running = facts.worker?.version
  const origin = process.env.GATEPOST_SMOKE_ORIGIN ?? plan.origin
  if (!plan.uploads && running && (await smokeTest(origin, running.id, signal, 0)) === null) {
    report.found(`version ${running.id} runs the same code and settings, and works`)
    return { version: running.id, before: running.before }
  }
  report.begins('uploading the Worker')
  const version = await upload(steps, plan)
  report.changed(`version ${version} uploaded`)
  const before = running?.id ?? null
  report.begins(`checking ${origin}`)
  const wrong = await smokeTest(origin, version, signal)
  if (wrong) throw await undone(steps, version, before, wrong)
  report.found(
    'the new version answers, is ready, serves pages and rejects requests without a token',
  )
  return { version, before }
}

/**
 * @param {import('../deploy.mjs').Deploy} steps
 * @param {import('./plan.mjs').Plan} plan
 * @returns {Promise<string>} the id of the new version
 */
function upload({ options, project, signal, accountId, facts }, { secret }) {
  const context = { environment: project.environment, accountId, signal }
  const common = {
    message: versionMessage(project.environment),
    tag: commitName(),
    strict: !process.env.CI && !options.force,
  }
  if (secret === 'generate')
    return withNewSecret((secretsFile, value) =>
      uploadWorker(context, { ...common, secretsFile, secrets: [value] }),
    )
  if (secret === 'keep') return uploadWorker(context, { ...common, secrets: [] })
  const secretsFile = resolve(process.env.INIT_CWD ?? '.', String(options.secretsFile))
  const missing = project.requiredSecrets.filter((name) => !facts.worker?.secrets.includes(name))
  const secrets = checkSecretsFile(secretsFile, missing)
  return uploadWorker(context, { ...common, secretsFile, secrets })
}

/**
 * The Failure of a version that does not work, after returning to the one before if that was asked.
 * @param {import('../deploy.mjs').Deploy} steps
 * @param {string} version
 * @param {string | null} before
 * @param {string} wrong
 */
async function undone({ options, project, report, accountId, signal }, version, before, wrong) {
  const sentence = `Version ${version} is live, but fails its check: ${wrong}.`
  if (!before)
    return new Failure(
      `${sentence} There is no version to go back to; a new domain can take minutes until it answers.`,
      'npm run deploy checks again; npm run doctor -- --remote looks for causes',
    )
  if (!options.rollback) return new Failure(sentence, rollbackCommand(project.environment, before))
  const context = { environment: project.environment, accountId, signal }
  await rollBack(context, before, `version ${version} failed its check`)
  report.changed(`rolled back to version ${before}`)
  return new Failure(
    `Version ${version} failed its check: ${wrong}.`,
    'fix it, then npm run deploy',
  )
}
