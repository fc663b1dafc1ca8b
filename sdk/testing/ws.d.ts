/** The package `ws`, as far as our tests use it: the WebSocket that Node 20 lacks. */
declare module "ws" {
  export { WebSocket }
}
