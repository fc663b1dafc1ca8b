import { escaped, sheet } from "./sheet.ts"

/** Answers `/` with what this is, and how to talk to it; leaves every other address alone. */
export async function welcomePage(request: Request): Promise<Response | undefined> {
  const url = new URL(request.url)
  if (url.pathname !== "/" || (request.method !== "GET" && request.method !== "HEAD")) return undefined
  return sheet({ left: LEFT, right: right(escaped(url.origin), escaped(url.origin.replace(/^http/, "ws"))) })
}

const LEFT = `<h1>Parley</h1>
<p>A chat server is running here.</p>
<p>It has no web client of its own yet. Talk to it from a terminal or a program.</p>`

function right(http: string, ws: string): string {
  return `<h2>Make an account</h2>
<pre>curl --json '{"name":"ada","password":"choose a long one"}' ${http}/api/v1/accounts</pre>
<h2>Sign in and look around</h2>
<p>The first answer holds a token; send it with everything else.</p>
<pre>curl --json '{"name":"ada","password":"choose a long one"}' ${http}/api/v1/sessions
curl -H 'Authorization: Bearer TOKEN' ${http}/api/v1/rooms</pre>
<h2>Talk live</h2>
<p>One JSON frame a message over WebSocket at <b>${ws}/ws</b>, or one a line over the TCP port that the server names when it starts. Begin with:</p>
<pre>{"type":"hello","version":1,"name":"ada","password":"choose a long one"}
{"type":"follow","rooms":[{"room":"lobby","last":20}]}
{"type":"submit","room":"lobby","kind":"message.posted","body":{"text":"hello"}}</pre>
<p class="end"><a href="/api/v1/openapi.json">Everything the API can do</a></p>`
}
