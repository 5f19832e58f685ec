/** A target without the prefix that its route takes off: `/api/x?y` → `/x?y`, `/api?y` → `/?y`. */
export function stripped(target: string, prefix: string): string {
  // `*` of OPTIONS has none.
  if (!target.startsWith(prefix)) return target;
  const rest = target.slice(prefix.length);
  return rest.startsWith("/") ? rest : `/${rest}`;
}
