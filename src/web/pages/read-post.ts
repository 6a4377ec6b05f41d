/** Reads a post for the pages that show and change it. */
import { ApiProblem, type PostVersion } from '../../client'
import { gatepost, session } from '../gatepost'

/**
 * A public post needs no token, so a page does not wait for the session to start. A private one is
 * 404 without the token of its author.
 * @throws ApiProblem
 */
export async function readPost(id: number): Promise<PostVersion> {
  try {
    return await gatepost.posts.get(id, { anonymous: true })
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.status !== 404) throw error
    await session.start()
    if (session.state.status !== 'signed-in') throw error
    return gatepost.posts.get(id)
  }
}
