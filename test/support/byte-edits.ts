// Random changes of bytes, for property tests of parsers.
import fc from 'fast-check'

interface ByteEdit {
  op: 'flip' | 'set' | 'cut' | 'append' | 'insert' | 'remove'
  at: number
  value: number
}

const byteEdit = fc.record<ByteEdit>({
  op: fc.constantFrom('flip', 'flip', 'set', 'set', 'cut', 'append', 'insert', 'remove'),
  at: fc.nat(4096),
  value: fc.nat(255),
})

/** One to three changes; `editWith` applies them. */
export const byteEdits = fc.array(byteEdit, { minLength: 1, maxLength: 3 })

export const editWith =
  (edits: readonly ByteEdit[]) =>
  (bytes: Uint8Array): Uint8Array =>
    edits.reduce(applyEdit, bytes)

function applyEdit(bytes: Uint8Array, { op, at, value }: ByteEdit): Uint8Array {
  const edited = Array.from(bytes)
  const index = bytes.length > 0 ? at % bytes.length : 0
  switch (op) {
    case 'flip':
      edited[index] = (edited[index] ?? 0) ^ (1 << (value % 8))
      break
    case 'set':
      edited[index] = value
      break
    case 'cut':
      edited.length = index
      break
    case 'append':
      edited.push(value)
      break
    case 'insert':
      edited.splice(index, 0, value)
      break
    case 'remove':
      edited.splice(index, 1)
      break
  }
  return new Uint8Array(edited)
}
