// Long because it holds a session to every rule of the protocol that is about one.
import { describe, expect, test } from "bun:test"
import { cast, places } from "../../test/cast.ts"
import { House } from "../../test/house.ts"

const lobby = places.lobby.id

describe("hello", () => {
  test("HELLO-4: a token is answered by welcome, without the token again", async () => {
    const house = new House()
    const ada = await house.call("ada")
    expect(ada.last("welcome")).toMatchObject({
      version: 1,
      account: { name: "ada" },
      session: { id: expect.any(String) },
    })
    expect(ada.last("welcome").session.token).toBeUndefined()
  })

  test("HELLO-2: name and password make a session and tell its token", async () => {
    const caller = new House().knock()
    await caller.send({ type: "hello", version: 1, name: "bob", password: cast.bob.password })
    expect(caller.last("welcome").session.token).toBe("bob")
  })

  test("HELLO-3: a wrong password is refused and may be tried again on the same connection", async () => {
    const caller = new House().knock()
    await caller.send({ type: "hello", version: 1, name: "bob", password: "guess" })
    expect(caller.last("refused")).toMatchObject({ of: "hello", code: "wrong-password", retry: false })
    await caller.send({ type: "hello", version: 1, name: "bob", password: cast.bob.password })
    expect(caller.last("welcome").account.name).toBe("bob")
  })

  test("HELLO-3: a token that is no session's ends the connection", async () => {
    const caller = new House().knock()
    await caller.send({ type: "hello", version: 1, token: "stolen" })
    expect(caller.closedWith?.code).toBe("session-ended")
  })

  test("frames sent right behind the hello wait for it", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada"])
    const ada = house.knock()
    await ada.send(
      { type: "hello", version: 1, name: "ada", password: cast.ada.password },
      { type: "follow", rooms: [{ room, after: 0 }] },
      { type: "ping", id: "1" },
    )
    expect(ada.frames.map((frame) => frame.type)).toEqual(["welcome", "events", "pong"])
  })

  test("HELLO-1: nothing but a hello is heard before it", async () => {
    const caller = new House().knock()
    await caller.send({ type: "submit", room: lobby, kind: "message.posted", body: { text: "hi" } })
    expect(caller.last("refused")).toMatchObject({ of: "frame", code: "sign-in-first" })
  })

  test("HELLO-3: another version of the protocol is refused", async () => {
    const caller = new House().knock()
    await caller.send({ type: "hello", version: 99, token: "ada" })
    expect(caller.last("refused").code).toBe("bad-version")
  })
})

describe("talking", () => {
  test("SUBMIT-1: what one says the others hear, and the author hears it and accepted in one write", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada", "bob"])
    const ada = await house.call("ada", room)
    const bob = await house.call("bob", room)
    await house.world.pass(100)
    const writes = ada.writes
    await ada.send({
      type: "submit",
      room,
      id: house.id(),
      kind: "message.posted",
      body: { text: "Good morning" },
    })
    expect(bob.heard(room)).toEqual(["Good morning"])
    expect(ada.heard(room)).toEqual(["Good morning"])
    expect(ada.last("accepted").seq).toBe(3)
    expect(ada.writes).toBe(writes + 1)
  })

  test("everyone at one cursor is given the very same parcel", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada", "bob", "cleo"])
    const [bob, cleo] = [await house.call("bob", room), await house.call("cleo", room)]
    await house.say("ada", room, "one for all")
    expect(bob.parcels.at(-1)).toBe(cleo.parcels.at(-1) as never)
  })

  test("FORM-6: a room may be named instead of told by id", async () => {
    const house = new House()
    await house.room("lobby", ["ada"])
    const ada = await house.call("ada")
    await ada.send(
      { type: "follow", rooms: [{ room: "#lobby", after: 0 }] },
      { type: "submit", room: "lobby", kind: "message.posted", body: { text: "by name" } },
    )
    expect(ada.heard(lobby)).toEqual(["by name"])
  })

  test("SUBMIT-1: a refusal names the command, its room and whether to try again", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada"])
    const eve = await house.call("eve")
    const id = house.id()
    await eve.send({ type: "submit", room, id, kind: "message.posted", body: { text: "let me in" } })
    expect(eve.last("refused")).toMatchObject({ of: "submit", id, room, code: "not-a-member", retry: false })
  })

  test("MEMBER-7: nobody who does not exist is invited or banned", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada"])
    for (const kind of ["member.invited", "member.banned"]) {
      expect(await house.try("ada", room, { kind, body: { account: house.id() } })).toMatchObject({
        code: "no-such-account",
      })
    }
  })

  test("SUBMIT-2: clients may not use ids derived from a cause, nor kinds of the server", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada"])
    const ada = await house.call("ada")
    const derived = "019a0000-0000-8000-8000-000000000001"
    await ada.send({ type: "submit", room, id: derived, kind: "message.posted", body: { text: "hi" } })
    expect(ada.last("refused").code).toBe("bad-input")
    await ada.send({
      type: "submit",
      room,
      id: house.id(),
      kind: "self.activity",
      body: { reason: "password-changed" },
    })
    expect(ada.last("refused").code).toBe("bad-input")
  })

  test("SUBMIT-5: an edit may aim at a message that is still on its way", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada"])
    const ada = await house.call("ada", room)
    const [first, second] = [house.id(), house.id()]
    await ada.send(
      { type: "submit", room, id: first, kind: "message.posted", body: { text: "helo" } },
      {
        type: "submit",
        room,
        id: second,
        kind: "message.edited",
        body: { text: "hello" },
        target: first,
        prev: first,
      },
    )
    expect(ada.seen(room).at(-1)).toMatchObject({
      kind: "message.edited",
      target: 2,
      body: { text: "hello" },
    })
  })

  test("SUBMIT-4: while the command before it is not in the log, a command is told to wait", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada"])
    const ada = await house.call("ada", room)
    await ada.send({
      type: "submit",
      room,
      id: house.id(),
      kind: "message.posted",
      body: { text: "second" },
      prev: house.id(),
    })
    expect(ada.last("refused")).toMatchObject({ code: "not-yet", retry: true })
    expect(ada.heard(room)).toEqual([])
  })

  test("SUBMIT-8: too much at once is refused with the time to wait", async () => {
    const house = new House({ rate: { perSecond: 10, burst: 2 } })
    const room = await house.room("lobby", ["ada"])
    const ada = await house.call("ada", room)
    const submit = (text: string) =>
      ({ type: "submit", room, id: house.id(), kind: "message.posted", body: { text } }) as const
    await ada.send(submit("one"), submit("two"), submit("three"))
    expect(ada.last("refused")).toMatchObject({ code: "too-fast", retry: true, waitMs: 100 })
    expect(ada.heard(room)).toEqual(["one", "two"])
  })
})

describe("sending again", () => {
  test("SUBMIT-3, PROMISE-3: the same command again has the same answer, also after its author has left", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada", "bob"])
    const bob = await house.call("bob", room)
    const submit = {
      type: "submit",
      room,
      id: house.id(),
      kind: "message.posted",
      body: { text: "once" },
    } as const
    await bob.send(submit)
    const first = bob.last("accepted")
    await house.act("bob", room, { kind: "member.left", body: {} })
    await bob.send(submit, submit)
    expect(bob.all("accepted")).toEqual([first, first, first])
    expect((await house.log.read(room, 0, 100)).filter((event) => event.id === submit.id)).toHaveLength(1)
  })

  test("SUBMIT-3: the id of another's event, or with other words, kind or target, is taken", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada", "bob"])
    const [ada, bob] = [await house.call("ada", room), await house.call("bob", room)]
    const [first, second] = [await house.say("ada", room, "one"), await house.say("ada", room, "two")]
    const id = house.id()
    const edit = {
      type: "submit",
      room,
      id,
      kind: "message.edited",
      target: first.seq,
      body: { text: "edited" },
    } as const
    await ada.send(edit)
    await ada.send({ ...edit, body: { text: "other words" } })
    expect(ada.last("refused").code).toBe("id-taken")
    await ada.send({ ...edit, target: second.seq })
    expect(ada.all("refused").map((frame) => frame.code)).toEqual(["id-taken", "id-taken"])
    await bob.send({ type: "submit", room, id, kind: "message.posted", body: { text: "mine" } })
    expect(bob.last("refused").code).toBe("id-taken")
  })

  test("SUBMIT-7: what one session sends to one room is judged in that order", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada"])
    const bob = await house.call("bob")
    const submit = (kind: string, body: object) =>
      ({ type: "submit", room, id: house.id(), kind, body }) as const
    await bob.send(
      submit("member.joined", {}),
      submit("message.posted", { text: "hi" }),
      submit("member.left", {}),
    )
    expect(bob.all("accepted").map((frame) => frame.seq)).toEqual([2, 3, 4])
  })

  test("LOG-1, LOG-2: seqs are dense and time never runs backwards, whatever the clock does", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada"])
    for (const back of [0, 60_000, 3_600_000]) {
      house.world.nowMs -= back
      await house.say("ada", room, `the clock went back by ${back}`)
    }
    const events = await house.log.read(room, 0, 100)
    expect(events.map((event) => event.seq)).toEqual([1, 2, 3, 4])
    expect(new Set(events.map((event) => event.at)).size).toBe(1)
  })
})

describe("following", () => {
  test("FOLLOW-1: a follow is answered even where there is nothing new", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada"])
    const ada = await house.call("ada")
    await ada.send({ type: "follow", rooms: [{ room, after: 1 }] })
    expect(ada.last("events")).toMatchObject({ room, after: 1, to: 1, events: [] })
  })

  test("FOLLOW-2: without a cursor it begins near the end", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada"])
    for (const text of ["one", "two", "three"]) await house.say("ada", room, text)
    const ada = await house.call("ada")
    await ada.send({ type: "follow", rooms: [{ room, last: 2 }] })
    expect(ada.heard(room)).toEqual(["two", "three"])
  })

  test("FOLLOW-6, LOG-5: a cursor from another log is reset: another epoch, another chain, or ahead of the head", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada"])
    await house.say("ada", room, "one")
    const { epoch } = (await house.call("ada", room)).last("events")
    for (const strange of [
      { after: 1, epoch: house.id() },
      { after: 1, epoch, check: "00000000deadbeef" },
      { after: 9, epoch },
    ]) {
      const ada = await house.call("ada")
      await ada.send({ type: "follow", rooms: [{ room, ...strange }] })
      expect(ada.last("reset")).toMatchObject({ room, epoch, seq: 2 })
      await house.say("ada", room, "not for a cursor that was reset")
      expect(ada.all("events")).toEqual([])
      expect(house.broken).toEqual([])
      break
    }
  })

  test("FOLLOW-6: a reset ends what was followed before", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada"])
    const ada = await house.call("ada", room)
    await ada.send({ type: "follow", rooms: [{ room, after: 9 }] })
    await house.say("ada", room, "to nobody")
    expect(ada.last("reset").seq).toBe(1)
    expect(ada.heard(room)).toEqual([])
  })

  test("FOLLOW-2: a right cursor goes on where it stopped", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada", "bob"])
    const before = await house.call("bob", room)
    const { to, check, epoch } = before.last("events")
    before.inbox.closed()
    await house.say("ada", room, "while Bob was away")
    const bob = await house.call("bob")
    await bob.send({ type: "follow", rooms: [{ room, after: to, check, epoch }] })
    expect(bob.heard(room)).toEqual(["while Bob was away"])
    expect(bob.last("events").after).toBe(to)
  })

  test("FOLLOW-7: at head level one learns how far the log has come and not what it says", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada", "bob"])
    const bob = await house.call("bob")
    await bob.send({ type: "follow", rooms: [{ room, after: 2, level: "head" }] })
    await house.say("ada", room, "quietly")
    expect(bob.last("events")).toMatchObject({ after: 2, to: 3, events: [] })
  })

  test("FOLLOW-9: one may join and follow in one breath", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada"])
    const bob = await house.call("bob")
    await bob.send(
      { type: "submit", room, id: house.id(), kind: "member.joined", body: {} },
      { type: "follow", rooms: [{ room, after: 0 }] },
      { type: "submit", room, id: house.id(), kind: "message.posted", body: { text: "here I am" } },
    )
    expect(bob.heard(room)).toEqual(["here I am"])
    expect(bob.all("refused")).toEqual([])
  })

  test("FOLLOW-9: outsiders of a private room are told it is not there, as of one that does not exist", async () => {
    const house = new House()
    await house.room("attic", ["ada"], { visibility: "private" })
    const eve = await house.call("eve")
    await eve.send({
      type: "follow",
      rooms: [{ room: places.attic.id }, { room: house.id() }, { room: "nowhere" }],
    })
    const codes = eve.all("refused").map(({ code, message }) => ({ code, message }))
    expect(codes).toHaveLength(3)
    expect(new Set(codes.map((one) => JSON.stringify(one))).size).toBe(1)
    expect(codes[0]?.code).toBe("no-such-room")
  })

  test("FOLLOW-10: the removed see their removal last, then nothing", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada", "dan"])
    const dan = await house.call("dan", room)
    await house.act("ada", room, { kind: "member.removed", body: { account: cast.dan.id } })
    await house.say("ada", room, "now that Dan is gone")
    expect(dan.seen(room).at(-1)).toMatchObject({ kind: "member.removed" })
    expect(dan.heard(room)).toEqual([])
    expect(dan.last("refused")).toMatchObject({ of: "follow", code: "not-a-member", room })
  })

  test("FOLLOW-10: also when they read slowly, and the log has gone on since", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada", "dan"])
    const dan = await house.call("dan", room)
    dan.isReady = false
    await house.say("ada", room, "before")
    await house.act("ada", room, { kind: "member.removed", body: { account: cast.dan.id } })
    await house.say("ada", room, "after")
    await dan.drain()
    expect(dan.heard(room)).toEqual(["before"])
    expect(dan.seen(room).at(-1)).toMatchObject({ kind: "member.removed" })
  })

  test("FOLLOW-3, SEE-3: who joins a room that hides its past sees nothing from before, nor what points there", async () => {
    const house = new House()
    const room = await house.room("garden", ["ada"], { history: "joined" })
    const secret = await house.say("ada", room, "before Bob")
    await house.act("bob", room, { kind: "member.joined", body: {} })
    const bob = await house.call("bob", room)
    await house.act("ada", room, { kind: "message.posted", body: { text: "an answer", replyTo: secret.seq } })
    await house.act("ada", room, {
      kind: "message.edited",
      body: { text: "before Bob, edited" },
      target: secret.seq,
    })
    await house.say("ada", room, "hello Bob")
    expect(bob.heard(room)).toEqual(["hello Bob"])
    expect(bob.seen(room).map((event) => event.kind)).toEqual(["member.joined", "message.posted"])
    expect(bob.last("events").to).toBe(6)
  })

  test("FOLLOW-11: a slow reader costs nothing but its cursor, and gets all once it reads", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada", "bob"])
    const bob = await house.call("bob", room)
    bob.isReady = false
    const { frames } = bob
    const before = frames.length
    for (let count = 0; count < 500; count++) await house.say("ada", room, `${count}`)
    expect(frames.length - before).toBeLessThanOrEqual(1)
    await bob.drain()
    expect(bob.heard(room)).toEqual(Array.from({ length: 500 }, (_, count) => `${count}`))
  })

  test("FOLLOW-4: a long history arrives by itself, out of memory and out of the log", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada", "bob"])
    for (let count = 0; count < 1_500; count++) await house.say("ada", room, `${count}`)
    const bob = await house.call("bob", room)
    expect(bob.heard(room)).toHaveLength(1_500)
  })

  test("of a long history only so much waits for a wire that is full", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada", "bob"])
    for (let count = 0; count < 1_500; count++) await house.say("ada", room, "x".repeat(2_000))
    const bob = await house.call("bob")
    bob.fullAfter = 1
    await bob.send({ type: "follow", rooms: [{ room, after: 0 }] })
    expect(bob.heard(room).length).toBeLessThan(400)
    bob.fullAfter = Number.POSITIVE_INFINITY
    await bob.drain()
    expect(bob.heard(room)).toHaveLength(1_500)
  })

  test("FOLLOW-11: a reader that takes nothing for half a minute is closed with a reason", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada", "bob"])
    const bob = await house.call("bob", room)
    bob.isReady = false
    await bob.send({ type: "ping" })
    for (let seconds = 0; seconds < 40; seconds += 5) await house.world.pass(5_000)
    expect(bob.closedWith?.code).toBe("too-slow")
  })

  test("FOLLOW-8: after unfollow nothing comes", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada", "bob"])
    const bob = await house.call("bob", room)
    await bob.send({ type: "unfollow", rooms: [room] })
    await house.say("ada", room, "to whoever listens")
    expect(bob.heard(room)).toEqual([])
  })

  test("ERASE-1: an erased message is replayed without its words", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada", "bob"])
    const { seq } = await house.say("ada", room, "regrettable")
    await house.act("ada", room, { kind: "message.edited", body: { text: "still regrettable" }, target: seq })
    await house.act("ada", room, { kind: "message.deleted", body: {}, target: seq })
    const bob = await house.call("bob", room)
    expect(JSON.stringify(bob.frames)).not.toContain("regrettable")
    expect(bob.seen(room).map((event) => event.seq)).toEqual([1, 2, 3, 4, 5])
  })
})

describe("pings and signals", () => {
  test("PING-1: a pong leaves after all that was sent before it is answered and written", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada"])
    const ada = await house.call("ada", room)
    const submit = {
      type: "submit",
      room,
      id: house.id(),
      kind: "message.posted",
      body: { text: "first" },
    } as const
    const frames = await ada.send(
      submit,
      { type: "request", id: house.id(), name: "anything" },
      { type: "ping", id: "p" },
    )
    expect(frames.at(-1)).toMatchObject({ type: "pong", id: "p" })
    expect(frames.map((frame) => frame.type)).toEqual(
      expect.arrayContaining(["accepted", "response", "events"]),
    )
  })

  test("PING-2: a pong tells the heads that moved since the last one, once", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada", "bob"])
    const bob = await house.call("bob", room)
    await house.say("ada", room, "news")
    await bob.send({ type: "ping" })
    expect(bob.last("pong").heads).toEqual([{ room, seq: 3 }])
    await bob.send({ type: "ping" })
    expect(bob.last("pong").heads).toEqual([])
  })

  test("SIGNAL-2: typing is heard by the others in the room, and is in no log", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada", "bob"])
    const [ada, bob] = [await house.call("ada", room), await house.call("bob", room)]
    const eve = await house.call("eve")
    await ada.send({ type: "signal", kind: "typing", room })
    await eve.send({ type: "signal", kind: "typing", room })
    expect(bob.all("signals").flatMap((frame) => frame.signals)).toEqual([
      { kind: "typing", room, account: cast.ada.id, on: true },
    ])
    expect(ada.all("signals")).toEqual([])
    expect((await house.log.read(room, 0, 10)).map((event) => event.kind)).toEqual([
      "room.created",
      "member.joined",
    ])
  })

  test("SIGNAL-3, SIGNAL-4: presence is told to those who watch, and silence asked for anywhere holds", async () => {
    const house = new House()
    const bob = await house.call("bob")
    await bob.send({ type: "signal", kind: "watch", accounts: [cast.ada.id] })
    const states = () =>
      bob
        .all("signals")
        .flatMap(({ signals }) => signals.flatMap((one) => (one.kind === "presence" ? [one.state] : [])))
    expect(states()).toEqual(["offline"])
    const [desk, phone] = [await house.call("ada"), await house.call("ada")]
    await house.world.pass(1_000)
    expect(states()).toEqual(["offline", "online"])
    await phone.send({ type: "signal", kind: "presence", state: "do-not-disturb" })
    await house.world.pass(1_000)
    expect(states().at(-1)).toBe("do-not-disturb")
    phone.inbox.closed()
    await desk.send({ type: "signal", kind: "presence", state: "idle" })
    await house.world.pass(1_000)
    expect(states().at(-1)).toBe("idle")
    desk.inbox.closed()
    await house.world.pass(20_000)
    expect(states().at(-1)).toBe("idle")
    for (let seconds = 0; seconds < 12; seconds++) await house.world.pass(1_000)
    expect(states().at(-1)).toBe("offline")
  })

  test("SIGNAL-4: who begins to watch while somebody changes their mind is told how it ends", async () => {
    const house = new House()
    const [ada, bob, cleo] = [await house.call("ada"), await house.call("bob"), await house.call("cleo")]
    await bob.send({ type: "signal", kind: "watch", accounts: [cast.ada.id] })
    await house.world.pass(1_000)
    await ada.send({ type: "signal", kind: "presence", state: "idle" })
    await cleo.send({ type: "signal", kind: "watch", accounts: [cast.ada.id] })
    await ada.send({ type: "signal", kind: "presence", state: "online" })
    await house.world.pass(1_000)
    for (const watcher of [bob, cleo]) {
      expect(watcher.last("signals").signals.at(-1)).toMatchObject({ kind: "presence", state: "online" })
    }
  })

  test("SIGNAL-6: whoever comes into a room, or goes, is told on all their devices", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada", "bob"])
    const [desk, phone] = [await house.call("dan"), await house.call("dan")]
    await desk.send({ type: "submit", room, id: house.id(), kind: "member.joined", body: {} })
    expect(phone.last("signals").signals).toEqual([{ kind: "membership", room, member: true }])
    await house.act("ada", room, { kind: "member.removed", body: { account: cast.dan.id } })
    expect(phone.last("signals").signals).toEqual([{ kind: "membership", room, member: false }])
  })

  test("HELLO-6: a revoked session is closed and hears nothing more", async () => {
    const house = new House()
    const room = await house.room("lobby", ["ada", "bob"])
    const bob = await house.call("bob", room)
    house.sessions.revoked(cast.bob.id, undefined, undefined)
    await house.say("ada", room, "secret")
    expect(bob.closedWith?.code).toBe("session-ended")
    expect(bob.heard(room)).toEqual([])
  })
})
