import { test } from "node:test";
import { HostFiles } from "./host-files.ts";
import { resolverSuite } from "./resolve.suite.ts";
import { kernelResolves } from "./resolve-kernel.ts";

resolverSuite("resolveByWalk()", new HostFiles("walk"));
if (kernelResolves()) resolverSuite("resolveByKernel()", new HostFiles("kernel"));
else test("resolveByKernel()", { skip: "this kernel has no openat2, or denies it" });
