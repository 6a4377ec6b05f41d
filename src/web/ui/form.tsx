/** Forms: one submission at a time, and each error at the field that it is about. */
import { type ComponentChildren, createContext, type TargetedSubmitEvent } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { ApiProblem } from '../../client'
import { explain } from './explain'
import { asProblem } from './load'

type Errors = Record<string, string>
/** The errors of a form, for its fields. */
export const FormState = createContext<{ errors: Errors; clear: (name: string) => void }>({
  errors: {},
  clear: () => undefined,
})

/** Problems that belong to a field though the API does not point at one. */
const FIELD_OF: Record<string, string[]> = {
  'username-taken': ['username'],
  'email-taken': ['email'],
  'wrong-password': ['current_password', 'password'],
}

interface FormProps {
  /** Receives the fields' values by name. Shows the problem that it throws. */
  submit: (values: Record<string, string>) => Promise<void>
  label: string
  class?: string
  children?: ComponentChildren
  /** Beside the button. */
  beside?: ComponentChildren
}

export function Form({ submit, label, children, beside, class: kind }: FormProps) {
  const form = useRef<HTMLFormElement>(null)
  const [errors, setErrors] = useState<Errors>({})
  const [trouble, setTrouble] = useState('')
  const [busy, setBusy] = useState(false)
  const isAtWork = useRef(false) // known at once, not only when drawn: two quick clicks are one
  // Counts failures: the same error a second time takes the focus a second time.
  const [failures, setFailures] = useState(0)

  useLayoutEffect(() => {
    // By name: the fields are drawn with their errors after the form.
    for (const element of form.current?.elements ?? []) {
      const name = element.getAttribute('name') ?? ''
      if (Object.hasOwn(errors, name)) return (element as HTMLElement).focus()
    }
  }, [failures])

  function fail(found: Errors, rest: string) {
    setErrors(found)
    setTrouble(rest)
    setFailures((n) => n + 1)
  }
  async function onSubmit(event: TargetedSubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const element = event.currentTarget
    if (isAtWork.current) return
    const unfit = findUnfit(element)
    if (Object.keys(unfit).length > 0) return fail(unfit, '')
    fail({}, '')
    isAtWork.current = true
    setBusy(true)
    try {
      await submit(Object.fromEntries(new FormData(element)) as Record<string, string>)
    } catch (error) {
      const { found, rest } = place(asProblem(error), element)
      fail(found, rest)
    } finally {
      isAtWork.current = false
      setBusy(false)
    }
  }
  const clear = (name: string) =>
    name in errors && setErrors(({ [name]: _gone, ...others }) => others)
  return (
    <FormState.Provider value={{ errors, clear }}>
      <form ref={form} class={kind} noValidate onSubmit={onSubmit}>
        {children}
        {trouble && (
          <p class="notice danger" role="alert">
            {trouble}
          </p>
        )}
        <div class="row">
          <button type="submit" aria-busy={busy}>
            {label}
          </button>
          {beside}
        </div>
      </form>
    </FormState.Provider>
  )
}

/** The errors that the browser finds: an empty field, a malformed address. */
function findUnfit(form: HTMLFormElement): Errors {
  const errors: Errors = {}
  for (const element of form.elements) {
    if (!(element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement)) continue
    if (element.name && !element.validity.valid) errors[element.name] = element.validationMessage
  }
  return errors
}

/** Sorts a problem into what belongs to a field of this form, and the rest. */
function place(problem: ApiProblem, form: HTMLFormElement) {
  const found: Errors = {}
  const rest: string[] = []
  const has = (name: string) => form.elements.namedItem(name) !== null
  for (const [name, detail] of Object.entries(problem.fields)) {
    if (has(name)) found[name] = `${labelOf(form, name)} ${detail}.`
    else rest.push(`${name} ${detail}`)
  }
  const field = FIELD_OF[problem.code]?.find(has)
  if (field) found[field] = problem.message
  else if (Object.keys(found).length === 0 && rest.length === 0) rest.push(explain(problem))
  return { found, rest: rest.join(' ') }
}

/** A detail reads on from the name of its member; people know that by its label. */
function labelOf(form: HTMLFormElement, name: string): string {
  const element = form.elements.namedItem(name)
  const label = element instanceof HTMLElement && 'labels' in element ? element.labels : null
  return (label as NodeListOf<HTMLLabelElement> | null)?.[0]?.innerText.split(' (')[0] ?? name
}
