import process from "node:process"
import { note } from "./terminal.ts"

/** What has been typed so far into a line that is not shown. */
type Typed =
  | { readonly is: "typing"; readonly text: string }
  | { readonly is: "entered"; readonly text: string }
  | { readonly is: "given up" }

/** One more character: Enter ends, Backspace and Ctrl-U take back, Ctrl-C gives up, other controls are nothing. */
export function typed(text: string, character: string): Typed {
  switch (character) {
    case "\r":
    case "\n":
      return { is: "entered", text }
    case "\x03":
      return { is: "given up" }
    case "\x04":
      return text === "" ? { is: "given up" } : { is: "entered", text }
    case "\x7f":
    case "\b":
      return { is: "typing", text: [...text].slice(0, -1).join("") }
    case "\x15":
      return { is: "typing", text: "" }
    default:
      return { is: "typing", text: /\p{Cc}/u.test(character) ? text : text + character }
  }
}

/** Asks on the terminal without showing what is typed; undefined when the person gives up. */
export async function askSecret(question: string): Promise<string | undefined> {
  const { stdin } = process
  const decoder = new TextDecoder()
  stdin.setRawMode(true)
  stdin.resume()
  process.stderr.write(question)
  try {
    return await new Promise<string | undefined>((answer) => {
      let text = ""
      const hear = (chunk: Buffer) => {
        for (const character of decoder.decode(chunk, { stream: true })) {
          const next = typed(text, character)
          if (next.is === "typing") text = next.text
          else {
            stdin.off("data", hear)
            answer(next.is === "entered" ? next.text : undefined)
            return
          }
        }
      }
      stdin.on("data", hear)
    })
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    note("")
  }
}
