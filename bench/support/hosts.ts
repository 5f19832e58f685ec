/** The host under load. */
export const benchHost = "go.bench.example.com";

/** That one and others that share its port: so many in all. */
export function benchHosts(count: number): string[] {
  return [benchHost, ...Array.from({ length: count - 1 }, (_, i) => `service-${i}.bench.example.com`)];
}
