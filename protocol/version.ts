/**
 * The version of the frames: raised only when a frame changes its form or its meaning. New kinds of events do not raise
 * it; readers skip what they do not know.
 *
 * 1: the first.
 */
export const PROTOCOL_VERSION = 1
