import { redirectStatusDefault } from "./redirect.ts";
import { needsGuest, type Route } from "./route.ts";

/** What a route does besides leading to the program, in a few words; empty when that is all. */
export function routeNote(route: Route): string {
  const { strip, methods, headers, share, sticky, redirect, respond, status = redirectStatusDefault } = route;
  const notes = [
    methods?.join(" or "),
    ...Object.entries(headers ?? {}).map(([name, value]) =>
      value === "*" ? `with ${name}` : `with ${name}: ${value}`,
    ),
    share === undefined ? undefined : `${share} of the requests`,
    sticky === true ? "sticky" : undefined,
    strip === true ? "without the prefix" : undefined,
    redirect === undefined ? undefined : `${status} to ${redirect}`,
    respond === undefined ? undefined : `answers ${respond.status ?? 200}`,
    redirect === undefined && respond === undefined && !needsGuest(route) ? "files" : undefined,
  ];
  return notes.filter((note) => note !== undefined).join(", ");
}
