/**
 * Every limit of the wire, in one closed list. The unit is in the name; `welcome` tells them to clients.
 * Widening one is compatible, narrowing one is not.
 */
export const limits = {
  frameBytesMax: 65_536,
  textBytesMax: 16_384,
  topicBytesMax: 1_024,
  reasonBytesMax: 512,
  accountNameCharsMax: 32,
  roomNameCharsMax: 64,
  displayNameCharsMax: 64,
  emojiBytesMax: 64,
  settingBytesMax: 1_024,
  passwordCharsMin: 8,
  passwordBytesMax: 512,
  membersPerDirectMax: 12,
  membersPerRoomMax: 20_000,
  pinsPerRoomMax: 100,
  invitationsPerRoomMax: 5_000,
  bansPerRoomMax: 10_000,
  departuresKeptPerRoomMax: 1_000,
  roomsPerFollowMax: 300,
  followsPerSessionMax: 5_000,
  eventsPerFrameMax: 200,
  eventsPerPageMax: 500,
  reactionNamesMax: 20,
  mentionsPerMessageMax: 50,
  unreadCountMax: 100,
  searchCharsMax: 512,
  searchTermsMax: 32,
  watchedAccountsMax: 200,
  inboundFramesQueuedMax: 1_024,
  commandsQueuedPerRoomMax: 4_096,
} as const

export type Limits = Readonly<Record<keyof typeof limits, number>>
