// AES-256-GCM (NIST SP 800-38D) under a key that is used for one text only, so that the nonce may stand still.

const NONCE = new Uint8Array(12)

/** Closes a text under a key of 32 bytes; base64. */
export async function seal(key: Uint8Array, text: string): Promise<string> {
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv: NONCE },
    await keyOf(key, "encrypt"),
    new TextEncoder().encode(text),
  )
  return btoa(Array.from(new Uint8Array(sealed), (byte) => String.fromCharCode(byte)).join(""))
}

/** Opens what `seal` has closed. Throws where the key is another or the text was altered. */
export async function openSeal(key: Uint8Array, sealed: string): Promise<string> {
  const bytes = Uint8Array.from(atob(sealed), (character) => character.charCodeAt(0))
  const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv: NONCE }, await keyOf(key, "decrypt"), bytes)
  return new TextDecoder().decode(text)
}

function keyOf(key: Uint8Array, use: "encrypt" | "decrypt"): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", new Uint8Array(key), "AES-GCM", false, [use])
}
