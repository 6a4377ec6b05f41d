/** The fields of a form: each has its label, its hint and its error. */
import type { ComponentProps, InputHTMLAttributes, TargetedEvent } from 'preact'
import { useContext, useId, useState } from 'preact/hooks'
import { FormState } from './form'

interface FieldProps {
  name: string
  label: string
  hint?: string
  type?: 'text' | 'email'
  required?: boolean
  maxLength?: number
  autoComplete?: string
  autoCapitalize?: string
  spellcheck?: boolean
  defaultValue?: string
  value?: string
  onInput?: (event: TargetedEvent<HTMLInputElement>) => void
}

/** The ids that connect label, hint and error. */
function useField(name: string, hint?: string) {
  const id = useId()
  const { errors, clear } = useContext(FormState)
  const error = errors[name]
  const describedBy = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ')
  return {
    id,
    input: {
      id,
      name,
      ...(describedBy && { 'aria-describedby': describedBy }),
      ...(error && { 'aria-invalid': true as const }),
    },
    clear: () => clear(name),
    notes: (
      <>
        {hint && (
          <small id={`${id}-hint`} class="hint">
            {hint}
          </small>
        )}
        {error && (
          <small id={`${id}-error`} class="error">
            {error}
          </small>
        )}
      </>
    ),
  }
}

export function Field({ name, label, hint, onInput, ...rest }: FieldProps) {
  const field = useField(name, hint)
  return (
    <div class="field">
      <label for={field.id}>{label}</label>
      <input
        {...(rest as InputHTMLAttributes)}
        {...field.input}
        onInput={(event) => {
          field.clear()
          onInput?.(event)
        }}
      />
      {field.notes}
    </div>
  )
}

/** A password that the user can show. */
export function PasswordField({ name, label, hint, ...rest }: FieldProps) {
  const field = useField(name, hint)
  const [shown, setShown] = useState(false)
  return (
    <div class="field">
      <label for={field.id}>{label}</label>
      <div class="password">
        <input
          required
          autoCapitalize="none"
          spellcheck={false}
          {...({ ...rest, type: shown ? 'text' : 'password' } as InputHTMLAttributes)}
          {...field.input}
          onInput={field.clear}
        />
        <button type="button" onClick={() => setShown(!shown)}>
          {shown ? 'Hide' : 'Show'}
          <span class="visually-hidden"> password</span>
        </button>
      </div>
      {field.notes}
    </div>
  )
}

/** A password that the user chooses. The 422 of a short one states the minimum, a setting. */
export const NewPasswordField = (props: { name: string; label: string }) => (
  <PasswordField
    hint="Make it long: a few random words work well."
    autoComplete="new-password"
    {...props}
  />
)

/** The username of a new account. */
export const UsernameField = () => (
  <Field
    name="username"
    label="Username"
    hint="3 to 30 letters, digits, “_”, “.” or “-”. Everybody sees it."
    required
    maxLength={30}
    autoComplete="username"
    autoCapitalize="none"
    spellcheck={false}
  />
)

interface CheckboxProps {
  name: string
  label: string
  checked: boolean
  onChange: (checked: boolean) => void
}

export function Checkbox({ name, label, checked, onChange }: CheckboxProps) {
  return (
    <label class="check">
      <input
        type="checkbox"
        name={name}
        checked={checked}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      {label}
    </label>
  )
}

interface TextFieldProps extends Omit<ComponentProps<'textarea'>, 'name' | 'label'> {
  name: string
  label: string
  hint?: string
}

export function TextField({ name, label, hint, onInput, ...rest }: TextFieldProps) {
  const field = useField(name, hint)
  return (
    <div class="field">
      <label for={field.id}>{label}</label>
      <textarea
        {...rest}
        {...field.input}
        onInput={(event) => {
          field.clear()
          onInput?.(event)
        }}
      />
      {field.notes}
    </div>
  )
}
