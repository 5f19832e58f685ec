/** The host under load, and the others that share its port: one among a thousand. */
export const benchHost = "go.bench.example.com";
export const otherHosts: readonly string[] = Array.from({ length: 999 }, (_, i) => `service-${i}.bench.example.com`);
