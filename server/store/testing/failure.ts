/**
 * What a promise fails with. Not `expect(…).rejects`: that turns the event loop from within, where no worker's message
 * arrives when the test itself goes on from one.
 */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof Error) return error
  throw new Error("Expected it to fail, but it did not.")
}
