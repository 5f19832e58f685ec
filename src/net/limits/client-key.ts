/**
 * What counts as one client: an IPv4 address, or the first 64 bits of an IPv6 address, since a network of that size is what a
 * single subscriber has at the least (RFC 6177 §2) and may choose addresses from at will.
 */
export function clientKey(ip: string): string {
  if (!ip.includes(":")) return ip;
  const gap = ip.indexOf("::");
  const [left, right] = gap < 0 ? [ip, undefined] : [ip.slice(0, gap), ip.slice(gap + 2)];
  const head = groups(left);
  if (right !== undefined) {
    const tail = groups(right);
    while (head.length + tail.length < 8) head.push("0");
    head.push(...tail);
  }
  return `${head.slice(0, 4).join(":")}::/64`;
}

function groups(text: string): string[] {
  if (text === "") return [];
  const found = text.split(":");
  // An IPv4 address at the end stands for two.
  if (found.at(-1)?.includes(".")) found.push("");
  return found;
}
