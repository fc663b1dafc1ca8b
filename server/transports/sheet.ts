/** The pages of a server whose web client is not there: one sheet with two halves. */

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
form{display:grid;gap:16px}
label{display:grid;gap:4px;color:var(--ink-2)}
input{font:inherit;padding:8px 12px;border:1px solid var(--line);border-radius:12px;background:var(--well);color:var(--ink)}
button{font:inherit;justify-self:start;padding:8px 20px;border:0;border-radius:20px;background:var(--accent);color:var(--sheet);cursor:pointer}
input:focus-visible,button:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
@media (max-width:719px){main{grid-template-columns:minmax(0,1fr)}.left{border-radius:44px 44px 8px 8px;padding:40px 32px}.right{border-radius:8px 8px 44px 44px;padding:40px 32px}}
`

const MARK = `<svg width="54" height="58" viewBox="3 2 27 29" aria-hidden="true"><path fill="#71c7d1" d="M14.8 3.2A10 10 0 0 0 4.6 13.2V30h4.6v-8.4a10 10 0 0 0 5.6 1.6z"/><path fill="#f9b93a" d="M17.6 3.2a10 10 0 0 1 0 20z"/></svg>`

interface Sheet {
  /** HTML of the dark half and of the light one; whatever came from outside is `escaped`. */
  readonly left: string
  readonly right: string
  /** Runs in the page; nothing else does. */
  readonly script?: string
}

/** A page that loads nothing from anywhere and may talk to this server alone. */
export function sheet({ left, right, script }: Sheet): Response {
  const policy = [
    "default-src 'none'",
    `style-src ${hashOf(STYLE)}`,
    ...(script === undefined ? [] : [`script-src ${hashOf(script)}`, "connect-src 'self'"]),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  return new Response(html(left, right, script), {
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": policy.join("; "),
      "Cache-Control": "no-cache",
    },
  })
}

function hashOf(inline: string): string {
  return `'sha256-${new Bun.CryptoHasher("sha256").update(inline).digest("base64")}'`
}

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function html(left: string, right: string, script: string | undefined): string {
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
${left}
</section>
<section class="right">
${right}
</section>
</main>
${script === undefined ? "" : `<script>${script}</script>\n`}</body>
</html>
`
}
