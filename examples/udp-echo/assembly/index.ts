// A UDP server: sends every datagram back to where it came from. The host hands it the socket as descriptor 3.
// Preview 1 has no datagram calls of its own; these two are of the socket extension that WasmEdge defined.
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "sock_recv_from")
declare function receive(socket: u32, buffers: usize, count: u32, address: usize, flags: u32, port: usize, bytes: usize, outFlags: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "sock_send_to")
declare function send(socket: u32, buffers: usize, count: u32, address: usize, port: u32, flags: u32, bytes: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "poll_oneoff")
declare function poll(subscriptions: usize, events: usize, count: u32, ready: usize): u32;

const socket: u32 = 3;
const again: u32 = 6;
// The most that one UDP datagram carries over IPv4.
const datagramBytesMax = 65507;

const datagram = memory.data(65507);
const buffer = memory.data(8); // pointer, length
const addressBytes = memory.data(128); // family (u16), then the address
const address = memory.data(8); // pointer, length
const port = memory.data(4);
const bytes = memory.data(4);
const outFlags = memory.data(4);
const subscription = memory.data(48, 8);
const event = memory.data(32, 8);

store<usize>(buffer, datagram);
store<usize>(address, addressBytes);
store<u32>(address, 128, 4);
// Wake me when the socket can be read: tag 1 at 8, the descriptor at 16.
store<u8>(subscription, 1, 8);
store<u32>(subscription, socket, 16);

for (;;) {
  store<u32>(buffer, datagramBytesMax, 4);
  const error = receive(socket, buffer, 1, address, 0, port, bytes, outFlags);
  if (error == again) {
    poll(subscription, event, 1, bytes);
    continue;
  }
  if (error != 0) throw new Error("receive failed with WASI error " + error.toString());
  store<u32>(buffer, load<u32>(bytes), 4);
  // Like every UDP server, this one drops what the network does not take at once.
  send(socket, buffer, 1, address, load<u32>(port), 0, bytes);
}
