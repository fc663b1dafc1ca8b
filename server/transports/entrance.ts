import { sheet } from "./sheet.ts"

/** What a link with a code behind its `#` leads to, until the web client does it. */
interface Entrance {
  readonly left: string
  /** Where the form goes, and what its code is called there. */
  readonly to: string
  readonly code: "code" | "invite"
  readonly asksName: boolean
  readonly button: string
  readonly done: string
}

const entrances = new Map<string, Entrance>([
  [
    "/setup",
    {
      left: "<h1>A server of your own</h1><p>It has no owner yet. Whoever fills in this form is.</p>",
      to: "/api/v1/setup",
      code: "code",
      asksName: true,
      button: "Become the owner",
      done: "You are the owner now.",
    },
  ],
  [
    "/join",
    {
      left: "<h1>You are invited</h1><p>Choose a name for others to call you by, and a password.</p>",
      to: "/api/v1/accounts",
      code: "invite",
      asksName: true,
      button: "Make my account",
      done: "You have an account now.",
    },
  ],
  [
    "/reset",
    {
      left: "<h1>A new password</h1><p>It ends every session of your account, on all your devices.</p>",
      to: "/api/v1/resets",
      code: "code",
      asksName: false,
      button: "Set it",
      done: "Your password is set.",
    },
  ],
])

/** Answers `/setup`, `/join` and `/reset` with a form; leaves every other address alone. */
export async function entrancePage(request: Request): Promise<Response | undefined> {
  const entrance = entrances.get(new URL(request.url).pathname)
  if (!entrance || (request.method !== "GET" && request.method !== "HEAD")) return undefined
  return sheet({ left: entrance.left, right: form(entrance), script: script(entrance) })
}

function form({ asksName, button }: Entrance): string {
  const name = `<label>Name <input name="name" autocomplete="username" required maxlength="128" autofocus></label>`
  return `<form>
${asksName ? name : ""}
<label>Password <input name="password" type="password" autocomplete="new-password" required minlength="8"></label>
<button>${button}</button>
</form>
<p class="end" role="status"></p>
<noscript><p>This form needs JavaScript.</p></noscript>`
}

/** The code never reaches a server's log: browsers keep what stands behind `#` to themselves. */
function script({ to, code, done }: Entrance): string {
  const [target, key, sentence] = [to, code, done].map((text) => JSON.stringify(text))
  return `{
  const form = document.querySelector("form")
  const status = document.querySelector("[role=status]")
  form.addEventListener("submit", async (event) => {
    event.preventDefault()
    const fields = Object.fromEntries(new FormData(form))
    try {
      const response = await fetch(${target}, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ...fields, ${key}: location.hash.slice(1) }),
      })
      if (!response.ok) throw new Error((await response.json()).message)
      history.replaceState(null, "", location.pathname)
      form.remove()
      status.textContent = ${sentence}
    } catch (error) {
      status.textContent = error.message
    }
  })
}`
}
