import { checkOpening, extensionsField, type Handshake } from "../websocket/handshake.ts";
import type { RequestHead } from "./request-head.ts";

const webSocket = "websocket";

/**
 * For a route whose WebSockets are checked: checks the request that opens one, and takes out what the guest is not to see.
 * Undefined when another protocol is asked for, which then is not offered to the guest. Throws WarrenError.
 */
export function openWebSocket(request: RequestHead): Handshake | undefined {
  const { bytes, upgradeFrom, upgradeTo } = request;
  if (bytes.toString("latin1", upgradeFrom, upgradeTo).toLowerCase() !== webSocket) {
    request.upgrade = false;
    return undefined;
  }
  const handshake = checkOpening(request.method, request.forwardedFields());
  request.cutField(extensionsField);
  return handshake;
}
