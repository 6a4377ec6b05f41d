/** Accounts at identity providers. */
import type { Calls } from './operations'

export function identityFunctions({ fetch }: Calls) {
  return {
    /** The identity providers that the service offers, in the order of their buttons. */
    identityProviders: async () =>
      (await fetch('GET /api/identity-providers', { anonymous: true })).providers,
    identities: {
      /** The accounts at providers that are connected to this account, oldest first. */
      list: () => fetch('GET /api/users/me/identities'),
      /**
       * Leaves the page for the provider, which sends the browser back to `/account/security` of
       * the service, with `linked` or `problem` in the query. @throws ApiProblem
       */
      async connect(provider: string): Promise<void> {
        const { redirect_to } = await fetch('POST /api/users/me/identities/{id}', {
          path: { id: provider },
          credentials: 'include',
        })
        location.assign(redirect_to)
      },
      /** Every other session ends. The last way to sign in stays: `last-way-in`. */
      disconnect: (id: string) => fetch('DELETE /api/users/me/identities/{id}', { path: { id } }),
    },
  }
}
