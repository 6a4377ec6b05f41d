/** Short news for the person, shown for a few seconds and read out by screen readers. */
import { useEffect, useState } from 'preact/hooks'

interface Message {
  id: number
  text: string
}
const SHOWN_MS = 6000

let last = 0
let show: (message: Message) => void = () => undefined

export function say(text: string) {
  show({ id: ++last, text })
}

/** The region exists before its first message, or a screen reader would not notice that one. */
export function Messages() {
  const [messages, setMessages] = useState<Message[]>([])
  useEffect(() => {
    show = (message) => {
      setMessages((before) => [...before.filter((m) => m.text !== message.text), message].slice(-3))
      setTimeout(() => setMessages((before) => before.filter((m) => m.id !== message.id)), SHOWN_MS)
    }
  }, [])
  return (
    <div class="messages" role="status" aria-live="polite">
      {messages.map((message) => (
        <p key={message.id}>{message.text}</p>
      ))}
    </div>
  )
}
