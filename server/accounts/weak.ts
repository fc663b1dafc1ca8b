import { limits } from "../../protocol/limits.ts"
import { foldName } from "../../protocol/names.ts"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import { fitsBytes } from "../../protocol/text.ts"

/** Why a password cannot be taken for an account of this name; undefined: it can. */
export function refuseWeak(password: string, name: string): Refusal | undefined {
  if (!password.isWellFormed()) return refuse("bad-input", "The password holds half a character.")
  if (!fitsBytes(password, limits.passwordBytesMax))
    return refuse("too-large", `A password holds at most ${limits.passwordBytesMax} bytes.`)
  const characters = [...password.normalize("NFC")].length
  const plain = foldName(password)
  const isName = plain === foldName(name) || plain === reversed(foldName(name))
  return characters < limits.passwordCharsMin || isName || isCommon(plain)
    ? refuse("weak-password")
    : undefined
}

function reversed(text: string): string {
  return [...text].reverse().join("")
}

/** A common one, also with digits or signs behind it, or one character or a short run over and over. */
function isCommon(plain: string): boolean {
  return common.has(plain) || common.has(plain.replace(/[^a-z]+$/, "")) || /^(.{1,3})\1+.?$/u.test(plain)
}

/** What guessers try first, of those that are long enough. Those of letters alone also cover what ends in digits. */
const common: ReadonlySet<string> = new Set(
  `
password passw0rd p@ssword p@ssw0rd password1 password12 password123 passwort motdepasse contrasena parola
12345678 123456789 1234567890 0123456789 987654321 9876543210 87654321 11223344 12344321 123123123 147258369
123321123 13579246 24681357 10203040 12341234 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc q1w2e3r4
q1w2e3r4t5 qwertyui qwertyuiop qwerty123 qwerty12 qwerty1234 asdfghjk asdfghjkl zxcvbnm zxcvbnm1 zxcvbnm123 qazwsxedc
qazwsx123 asdf1234 abcd1234 abc12345 abcdefgh abcdefghi a1b2c3d4 aa123456 a12345678 a123456789 1a2b3c4d zaq12wsx
iloveyou iloveyou1 iloveu123 loveyou princess princess1 sunshine sunshine1 football football1 baseball basketball
superman batman123 spiderman pokemon123 starwars michael1 jennifer jordan23 michelle charlie1 jessica1 samantha
elizabeth alexander benjamin victoria christian danielle jonathan nicholas patricia stephanie william1 mustang1
corvette mercedes ferrari1 porsche1 harley123 chelsea1 liverpool arsenal1 barcelona realmadrid juventus manchester
letmein1 letmein123 welcome1 welcome12 welcome123 whatever trustno1 changeme changeme1 changeme123 changeit
admin123 admin1234 administrator root1234 toor1234 guest123 test1234 testtest testing1 testing123 default1 master123
computer internet keyboard notebook security secret123 secretpassword mypassword newpassword hunter22 hunter2 dragon123
monkey123 shadow123 killer123 soccer123 hockey123 ranger123 buster123 ginger123 pepper123 cheese123 banana123 orange123
butterfly chocolate hello123 helloworld goodluck midnight blink182 metallica nirvana1 slipknot scorpion trouble1
access14 access123 google123 facebook linkedin samsung1 windows10 matrix123 freedom1 forever1 january1 february march123
september november december october1 summer2023 summer2024 winter2023 winter2024 spring2024 autumn2024 monday123
friday13 qwer1234 qweasdzxc qweqweqwe asdasdasd zxczxczxc poiuytrewq lkjhgfdsa mnbvcxz1 1234qwer 123qweasd 123qwe123
12qwaszx 1234abcd 123456aa 123456abc 12345678a 123456789a 123456qwerty 00000000 11111111 22222222 33333333 44444444
55555555 66666666 77777777 88888888 99999999 31415926 27182818 correcthorse correcthorsebatterystaple parleyparley
parley123 chat1234 chatchat
`
    .trim()
    .split(/\s+/),
)
