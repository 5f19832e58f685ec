import type { SocketOption } from "../sockets/socket-options.ts";

/** Options by the name that their two functions end in: how many bytes a value has. */
export const simpleOptions: Readonly<Record<string, { readonly option: SocketOption; readonly bytes: 1 | 4 }>> = {
  broadcast: { option: "broadcast", bytes: 1 },
  ip_multicast_ttl: { option: "multicastTtl", bytes: 1 },
  ip_ttl: { option: "timeToLive", bytes: 1 },
  ipv6_only: { option: "ipv6Only", bytes: 1 },
  keep_alive: { option: "keepAlive", bytes: 1 },
  recv_buf_size: { option: "receiveBuffer", bytes: 4 },
  reuse_addr: { option: "reuseAddress", bytes: 1 },
  reuse_port: { option: "reusePort", bytes: 1 },
  send_buf_size: { option: "sendBuffer", bytes: 4 },
  tcp_fastopen_connect: { option: "fastOpen", bytes: 1 },
  tcp_keep_idle: { option: "keepIdle", bytes: 4 },
  tcp_keep_intvl: { option: "keepInterval", bytes: 4 },
  tcp_no_delay: { option: "noDelay", bytes: 1 },
  tcp_quick_ack: { option: "quickAck", bytes: 1 },
};

/** The types of the parameters of each function of wamr-options.ts. */
export const wamrOptionTypes: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.keys(simpleOptions).flatMap((name) => [
      [`sock_get_${name}`, "ii"],
      [`sock_set_${name}`, "ii"],
    ]),
  ),
  sock_get_recv_timeout: "ii",
  sock_set_recv_timeout: "iI",
  sock_get_send_timeout: "ii",
  sock_set_send_timeout: "iI",
  sock_get_linger: "iii",
  sock_set_linger: "iii",
  sock_get_ip_multicast_loop: "iii",
  sock_set_ip_multicast_loop: "iii",
  sock_set_ip_add_membership: "iii",
  sock_set_ip_drop_membership: "iii",
};
