/** How the account can sign in, for pages that ask for the password only where there is one. */
import type { ComponentChildren } from 'preact'
import { gatepost } from '../gatepost'
import { useLoad } from './load'
import { Trouble, Waiting } from './page'

export const readFactors = () => gatepost.fetch('GET /api/users/me/factors')
export type Factors = Awaited<ReturnType<typeof readFactors>>

interface WithFactorsProps {
  children: (factors: Factors, reload: () => Promise<void>) => ComponentChildren
}

/** Loads the factors of the account, then shows what `children` returns. */
export function WithFactors({ children }: WithFactorsProps) {
  const { data, problem, reload } = useLoad('factors', readFactors, 'always')
  if (problem) return <Trouble problem={problem} again={reload} />
  return data ? children(data, reload) : <Waiting />
}
