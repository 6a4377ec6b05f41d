/** GET and HEAD change nothing (RFC 9110 §9.2.1), also for operations to come. */
import { expect, it } from 'vitest'
import { workerWith } from '../support/client'
import { apiDocument } from '../support/openapi'
import { samples } from '../support/openapi-samples'
import { recordQueries } from '../support/queries'
import { admin } from '../support/users'

/** Writes and undoes it: it checks that D1 undoes a failed batch. */
const UNDONE = '/ready'
/** Records an event, so that the owner of an account sees who exported it. */
const RECORDED = '/api/users/me/export'

it.each(['GET', 'HEAD'])(
  '%s writes nothing to D1, at every address that has a GET',
  async (method) => {
    const { token } = await admin()
    const operations = samples(await apiDocument()).filter((sample) => sample.method === 'GET')
    expect(operations.length).toBeGreaterThan(15)
    const writing: Record<string, string[]> = {}
    for (const { path, scopes } of operations) {
      const { queries, binding } = recordQueries()
      const ask = workerWith({ DB: binding })
      const response = await ask(method, path, scopes ? { token } : {})
      await response.text()
      const writes = [...queries].filter((sql) => !/^(?:select|with)\b/i.test(sql))
      if (writes.length > 0) writing[path] = writes
    }
    expect(Object.keys(writing)).toEqual(method === 'GET' ? [RECORDED, UNDONE] : [UNDONE])
  },
)
