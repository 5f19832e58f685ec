import { createHash } from "node:crypto";
import { WarrenError } from "../../base/errors.ts";

/** RFC 6455 §1.3. */
const accepting = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** 16 bytes in base64. */
const keyPattern = /^[A-Za-z0-9+/]{22}==$/;

type Fields = readonly (readonly [name: string, value: string])[];

/** What the answer must say to a request that was right. */
export interface Handshake {
  readonly accept: string;
  /** The subprotocols that the client offered. */
  readonly protocols: readonly string[];
}

function valuesOf(fields: Fields, name: string): string[] {
  return fields.filter(([key]) => key === name).map(([, value]) => value);
}

/**
 * Checks the request that opens a WebSocket (RFC 6455 §4.2.1); names of fields are in lower case. Throws
 * `websocket.handshake` (400), or `websocket.version` (426).
 */
export function checkOpening(method: string, fields: Fields): Handshake {
  if (method !== "GET") throw new WarrenError("websocket.handshake", "a WebSocket is opened with GET");
  const keys = valuesOf(fields, "sec-websocket-key");
  if (keys.length !== 1 || !keyPattern.test(keys[0]!))
    throw new WarrenError("websocket.handshake", "Sec-WebSocket-Key is not 16 bytes in base64, once");
  const versions = valuesOf(fields, "sec-websocket-version");
  if (versions.length !== 1 || versions[0] !== "13")
    throw new WarrenError("websocket.version", "WebSockets are version 13 here", { status: 426 });
  return {
    accept: createHash("sha1").update(`${keys[0]}${accepting}`).digest("base64"),
    protocols: valuesOf(fields, "sec-websocket-protocol").flatMap((value) => value.split(/[ \t]*,[ \t]*/)),
  };
}

/**
 * Checks a guest's 101 (RFC 6455 §4.1). Throws `head.malformed`: what a client would not believe is no answer. An extension
 * was never offered to the guest (see {@link extensionsField}), so that it can have chosen none.
 */
export function checkAccepted(handshake: Handshake, protocol: string, fields: Fields): void {
  const accepts = valuesOf(fields, "sec-websocket-accept");
  const chosen = valuesOf(fields, "sec-websocket-protocol");
  const wrong =
    protocol.toLowerCase() !== "websocket"
      ? "Upgrade is not websocket"
      : accepts.length !== 1 || accepts[0] !== handshake.accept
        ? "Sec-WebSocket-Accept is not what follows from the key"
        : valuesOf(fields, extensionsField).length > 0
          ? "an extension that was not offered"
          : chosen.length > 1 || (chosen.length === 1 && !handshake.protocols.includes(chosen[0]!))
            ? "a subprotocol that was not offered"
            : undefined;
  if (wrong !== undefined) throw new WarrenError("head.malformed", `a WebSocket's handshake: ${wrong}`);
}

/**
 * Does not go on to the guest: permessage-deflate (RFC 7692) would have the front inflate everything to see whether it is
 * text, and how large.
 */
export const extensionsField = "sec-websocket-extensions";
