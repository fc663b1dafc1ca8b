import { describe, expect, test } from "bun:test"
import { Compile } from "typebox/compile"
import type { Event } from "../event.ts"
import { emptyHead, packHead } from "../head.ts"
import { type Shown, show, subject } from "../timeline.ts"
import { bodySchema, evolve, type Kind, kinds } from "./index.ts"

// Kinds are forever. These are the bytes of logs that stand on people's disks: a line is a kind, the last digits of its
// author, its target, and the body as it was stored. Add lines for new kinds; change none. If a test here fails, old logs
// would be read otherwise than they were written: mend the code, not the line.

const garden = `
room.created a1 - {"type":"room","name":"garden","topic":"What grows","visibility":"private","history":"joined","members":["019b0000-0000-7000-8000-0000000000a1"]}
member.invited a1 - {"account":"019b0000-0000-7000-8000-0000000000a2"}
member.joined a2 - {}
message.posted a2 - {"text":"Good morning, @ada"}
message.posted a1 - {"text":"waves","style":"action","replyTo":4}
message.edited a1 5 {"text":"waves back"}
message.posted a1 - {"text":"The roses?","style":"notice","root":4,"replyTo":4}
reaction.added a1 4 {"emoji":"🌹"}
reaction.added a2 4 {"emoji":"🌹"}
reaction.removed a1 4 {"emoji":"🌹"}
pin.added a1 4 {}
pin.added a1 5 {}
pin.removed a1 5 {}
message.posted a2 - {"text":"oops"}
message.deleted a2 14 {}
member.role a1 - {"account":"019b0000-0000-7000-8000-0000000000a2","role":"moderator"}
member.invited a2 - {"account":"019b0000-0000-7000-8000-0000000000a3"}
member.joined a3 - {}
member.removed a2 - {"account":"019b0000-0000-7000-8000-0000000000a3","reason":"Wrong garden"}
member.banned a2 - {"account":"019b0000-0000-7000-8000-0000000000a4","reason":"Slugs"}
member.banned a2 - {"account":"019b0000-0000-7000-8000-0000000000a3"}
member.unbanned a2 - {"account":"019b0000-0000-7000-8000-0000000000a3"}
room.renamed a1 - {"name":"Rosengarten"}
room.topic a1 - {"topic":"Roses"}
room.setting a1 - {"key":"posting","value":"voice"}
room.setting a1 - {"key":"limit","value":12}
room.visibility a1 - {"visibility":"public"}
room.history a1 - {"history":"shared"}
member.joined a5 - {}
member.left a1 - {}
room.archived a2 - {"archived":true}
`

const ada = `
room.created a1 - {"type":"self","visibility":"private","history":"shared","members":["019b0000-0000-7000-8000-0000000000a1"]}
self.activity 01 - {"reason":"mention","room":"019b0000-0000-7000-8000-0000000000b2","seq":4}
self.activity 01 - {"reason":"signed-in","session":"019b0000-0000-7000-8000-0000000000c1"}
self.activity 01 - {"reason":"password-changed"}
`

const house = `
room.created 01 - {"type":"house","visibility":"private","history":"shared","members":[]}
house.role 01 - {"account":"019b0000-0000-7000-8000-0000000000a2","role":"admin","actor":"019b0000-0000-7000-8000-0000000000a1"}
house.ban 01 - {"account":"019b0000-0000-7000-8000-0000000000a4","banned":true,"reason":"Slugs","actor":"019b0000-0000-7000-8000-0000000000a1"}
house.setting 01 - {"key":"registration","value":"invite","actor":"019b0000-0000-7000-8000-0000000000a1"}
house.revocation 01 - {"account":"019b0000-0000-7000-8000-0000000000a4","session":"019b0000-0000-7000-8000-0000000000c4","except":"019b0000-0000-7000-8000-0000000000c5"}
`

const id = (digits: string) => `019b0000-0000-7000-8000-${digits.padStart(12, "0")}`

function eventsOf(log: string): Event[] {
  return log
    .trim()
    .split("\n")
    .map((line, index) => {
      const [kind = "", by = "", target = "", ...body] = line.split(" ")
      const seq = index + 1
      const event = {
        seq,
        id: id(String(seq)),
        at: 1_000 * seq,
        by: id(by),
        kind,
        body: JSON.parse(body.join(" ")),
      }
      return target === "-" ? event : { ...event, target: Number(target) }
    })
}

const short = (text: string) => text.replaceAll("019b0000-0000-7000-8000-0000000000", "")

describe("[VERSION-2] what was once written", () => {
  const all = [garden, ada, house].flatMap(eventsOf)

  test("holds an example of every kind", () => {
    expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(kinds))
  })

  test.each(all)("still has the form of its kind: $kind", ({ kind, body }) => {
    expect(Compile(bodySchema(kind as Kind)).Errors(body)).toEqual([])
  })

  test("still makes the same head", () => {
    const head = JSON.parse(short(packHead(eventsOf(garden).reduce(evolve, emptyHead))))
    expect(head).toEqual({
      seq: 31,
      at: 31_000,
      type: "room",
      name: "Rosengarten",
      topic: "Roses",
      visibility: "public",
      history: "shared",
      sharedFrom: 28,
      archived: true,
      members: [
        ["a2", { role: "owner", joined: 3, from: 3 }],
        ["a5", { role: "member", joined: 29, from: 28 }],
      ],
      gone: [
        ["a3", 19],
        ["a1", 30],
      ],
      banned: ["a4"],
      invited: [],
      settings: { posting: "voice", topic: "member", invite: "member", pin: "member", limit: 12 },
      pins: [4],
    })
  })

  test("still shows the same", () => {
    const timeline = new Map<number, Shown>()
    for (const event of eventsOf(garden)) {
      const shown = show(timeline.get(subject(event)), event)
      if (shown) timeline.set(subject(event), shown)
    }
    const messages = [...timeline.values()].filter(({ type }) => type === "message")
    const lines = messages.map(({ type: _, id: __, ...message }) => short(JSON.stringify(message)))
    expect(lines).toEqual([
      '{"seq":4,"at":4000,"by":"a2","reactions":[{"emoji":"🌹","count":1,"by":["a2"]}],"style":"text","text":"Good morning, @ada","pinned":true}',
      '{"seq":5,"at":5000,"by":"a1","reactions":[],"style":"action","text":"waves back","replyTo":4,"editedAt":6000}',
      '{"seq":7,"at":7000,"by":"a1","reactions":[],"style":"notice","text":"The roses?","replyTo":4,"root":4}',
      '{"seq":14,"at":14000,"by":"a2","style":"text","text":"","deleted":true,"reactions":[]}',
    ])
    expect([...timeline.values()].filter(({ type }) => type === "notice")).toHaveLength(19)
  })
})
