import { dlopen, FFIType, ptr } from "bun:ffi"

/**
 * ICU 72 carries the confusables of Unicode 15.0 compiled in; Debian 12 has it as libicu72. Another version has another
 * table, so the version is part of the name. Undefined where this machine lacks it.
 */
export function openIcu(): ((text: string) => string) | undefined {
  try {
    return openLibrary()
  } catch {
    return undefined
  }
}

function openLibrary(): (text: string) => string {
  const { symbols } = dlopen("libicui18n.so.72", {
    uspoof_open_72: { args: [FFIType.ptr], returns: FFIType.ptr },
    uspoof_getSkeleton_72: {
      args: [FFIType.ptr, FFIType.u32, FFIType.ptr, FFIType.i32, FFIType.ptr, FFIType.i32, FFIType.ptr],
      returns: FFIType.i32,
    },
  })
  const status = new Int32Array(1)
  const checker = symbols.uspoof_open_72(ptr(status))
  const into = new Uint16Array(1_024)
  return (text) => {
    const units = Uint16Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
    status[0] = 0
    const length = symbols.uspoof_getSkeleton_72(
      checker,
      0,
      ptr(units),
      units.length,
      ptr(into),
      into.length,
      ptr(status),
    )
    if ((status[0] ?? 0) > 0) throw new Error(`ICU answers with error ${status[0]}.`)
    return String.fromCharCode(...into.subarray(0, length))
  }
}

const HELD_BY_NAMES = /^[\p{L}\p{M}\p{N}_\-.[\]\\^{}|]$/u

/**
 * The text of `protocol/confusables.ts`: what each character looks like, for those that names may hold and that
 * normalisation does not change. `prototype=character,character …` in hexadecimal, a prototype of several joined by +.
 */
export function tableFrom(skeletonOf: (text: string) => string): string {
  return `${HEADING}${inLines(words(skeletonOf))}\`\n`
}

const HEADING = `/**
 * Which characters look like which: Unicode 15.0, confusables.txt (UTS 39), those of them that names may hold and that
 * normalisation does not change. Made by \`bun test/confusables.ts\`, which says what the notation means.
 */
export const confusables = \`
`

function words(skeletonOf: (text: string) => string): string[] {
  const lookalikes = new Map<string, string[]>()
  for (let point = 0x21; point <= 0x10ffff; point++) {
    if (point >= 0xd800 && point <= 0xdfff) continue
    const character = String.fromCodePoint(point)
    if (!HELD_BY_NAMES.test(character) || character.normalize("NFKD") !== character) continue
    const prototype = skeletonOf(character)
    if (prototype === character) continue
    const list = lookalikes.get(prototype)
    if (list) list.push(point.toString(16))
    else lookalikes.set(prototype, [point.toString(16)])
  }
  const hex = (text: string) => [...text].map((each) => each.codePointAt(0)?.toString(16)).join("+")
  return [...lookalikes].map(([prototype, list]) => `${hex(prototype)}=${list.join(",")}`)
}

function inLines(list: readonly string[]): string {
  let text = ""
  let line = ""
  for (const word of list) {
    if (line !== "" && line.length + 1 + word.length > 110) {
      text += `${line}\n`
      line = ""
    }
    line += line === "" ? word : ` ${word}`
  }
  return `${text}${line}\n`
}

const TABLE = new URL("../protocol/confusables.ts", import.meta.url)

if (import.meta.main) {
  const skeletonOf = openIcu()
  if (!skeletonOf) throw new Error("ICU 72 is not on this machine; on Debian 12 install libicu72.")
  await Bun.write(TABLE, tableFrom(skeletonOf))
}
