/** A route and what it does besides leading to the program: `http://a.test/ (308 to https://b.test)`. */
export function routeText(url: string, note: string | undefined): string {
  return note === undefined || note === "" ? url : `${url} (${note})`;
}
