/** The page at `/` of a server whose web client is not there: what this is, and how to talk to it. */

const STYLE = `
:root{color-scheme:light dark;--desk:#f2f1ec;--sheet:#fdfdfb;--line:#dddcd6;--ink:#13272d;--ink-2:#3f5157;--accent:#0a646e;--well:#f2f1ec;--deep:#0f3d45;--on-deep:#ecf5f4;--on-deep-2:#b9d6d6}
@media (prefers-color-scheme:dark){:root{--desk:#0d1719;--sheet:#142123;--line:#26383b;--ink:#e5ecec;--ink-2:#a9babc;--accent:#71c7d1;--well:#0d1719}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--desk);color:var(--ink);font:16px/24px Commissioner,system-ui,sans-serif}
main{display:grid;grid-template-columns:minmax(220px,1fr) minmax(0,2fr);gap:6px;width:100%;max-width:960px}
.left{background:var(--deep);color:var(--on-deep);padding:56px 40px;border-radius:88px 8px 8px 88px}
.right{background:var(--sheet);border:1px solid var(--line);padding:56px 48px;border-radius:8px 88px 88px 8px}
h1{margin:24px 0 8px;font-size:34px;line-height:40px;font-weight:600}
.left p{margin:0 0 12px;color:var(--on-deep-2)}
h2{margin:32px 0 8px;font-size:17px;line-height:24px;font-weight:600}
h2:first-child{margin-top:0}
.right p{margin:0 0 8px;color:var(--ink-2)}
a{color:var(--accent)}
.right p.end{margin:24px 0 0}
pre{margin:0;padding:12px 16px;white-space:pre-wrap;overflow-wrap:anywhere;border-radius:12px;background:var(--well);font:13px/20px "Commit Mono",ui-monospace,monospace}
a:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
@media (max-width:719px){main{grid-template-columns:minmax(0,1fr)}.left{border-radius:44px 44px 8px 8px;padding:40px 32px}.right{border-radius:8px 8px 44px 44px;padding:40px 32px}}
`

const MARK = `<svg width="54" height="58" viewBox="3 2 27 29" aria-hidden="true"><path fill="#71c7d1" d="M14.8 3.2A10 10 0 0 0 4.6 13.2V30h4.6v-8.4a10 10 0 0 0 5.6 1.6z"/><path fill="#f9b93a" d="M17.6 3.2a10 10 0 0 1 0 20z"/></svg>`

const POLICY = `default-src 'none'; style-src 'sha256-${new Bun.CryptoHasher("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** Answers `/`; leaves every other address alone. */
export async function welcomePage(request: Request): Promise<Response | undefined> {
  const url = new URL(request.url)
  if (url.pathname !== "/" || (request.method !== "GET" && request.method !== "HEAD")) return undefined
  return new Response(page(escaped(url.origin), escaped(url.origin.replace(/^http/, "ws"))), {
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": POLICY,
      "Cache-Control": "no-cache",
    },
  })
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function page(http: string, ws: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Parley</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<section class="left">
${MARK}
<h1>Parley</h1>
<p>A chat server is running here.</p>
<p>It has no web client of its own yet. Talk to it from a terminal or a program.</p>
</section>
<section class="right">
<h2>Make an account</h2>
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
<p class="end"><a href="/api/v1/openapi.json">Everything the API can do</a></p>
</section>
</main>
</body>
</html>
`
}
