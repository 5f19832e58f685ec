/** What the routes of an https listener name whose guests do TLS themselves: they are matched by the host of the hello. */
export function passthroughKey(listener: string): string {
  return `hello ${listener}`;
}
