import assert from "node:assert/strict";
import { test } from "node:test";
import { daemonHost, defaultSocket, defaultState } from "./daemon-address.ts";

const user = { HOME: "/home/ada" };

test("defaultState() follows the XDG folders, and the system's for root", () => {
  assert.equal(defaultState(user, 1000), "/home/ada/.local/state/warren");
  assert.equal(defaultState({ ...user, XDG_STATE_HOME: "/s" }, 1000), "/s/warren");
  assert.equal(defaultState({ ...user, XDG_STATE_HOME: "" }, 1000), "/home/ada/.local/state/warren");
  assert.equal(defaultState({ ...user, XDG_STATE_HOME: "/s" }, 0), "/var/lib/warren");
});

test("defaultSocket() lies in the state directory where there is no runtime directory", () => {
  assert.equal(defaultSocket({ ...user, XDG_RUNTIME_DIR: "/run/user/1000" }, 1000), "/run/user/1000/warren.sock");
  assert.equal(defaultSocket(user, 1000), "/home/ada/.local/state/warren/warren.sock");
  assert.equal(defaultSocket({ ...user, XDG_RUNTIME_DIR: "/run/user/0" }, 0), "/run/warren.sock");
});

test("daemonHost() takes the option before WARREN_HOST", () => {
  assert.equal(daemonHost("unix:///a", { WARREN_HOST: "unix:///b" }), "unix:///a");
  assert.equal(daemonHost(undefined, { WARREN_HOST: "unix:///b" }), "unix:///b");
  assert.match(daemonHost(undefined, { ...user, WARREN_HOST: "" }), /^unix:\/\/\/.*warren\.sock$/);
});
