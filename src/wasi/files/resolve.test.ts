import { test } from "node:test";
import { openDirectorySuite } from "./open-directory.suite.ts";
import { resolverSuite } from "./resolve.suite.ts";
import { resolve } from "./resolve.ts";
import { resolveByKernel } from "./resolve-kernel.ts";
import { resolveByWalk } from "./resolve-walk.ts";

resolverSuite("resolveByWalk()", resolveByWalk);
openDirectorySuite("OpenDirectory by resolveByWalk()", resolveByWalk);
if (resolve === resolveByKernel) {
  resolverSuite("resolveByKernel()", resolveByKernel);
  openDirectorySuite("OpenDirectory by resolveByKernel()", resolveByKernel);
} else {
  test("resolveByKernel()", { skip: "this kernel has no openat2, or denies it" });
}
