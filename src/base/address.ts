/** One end of a connection: an IP address as text (`127.0.0.1`, `::1`) and a port. */
export interface Address {
  readonly ip: string;
  readonly port: number;
}

/** `127.0.0.1:80`, `[::1]:80`. */
export function formatAddress({ ip, port }: Address): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}
