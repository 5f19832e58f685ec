import { WarrenError } from "../../base/errors.ts";
import type { ServiceSpec } from "../../control/service.ts";
import { checkDeployed } from "../../control/spec-rules.ts";
import type { PreparedKind } from "../../engine/check/prepared-kind.ts";
import { specError } from "./spec-error.ts";

/**
 * The spec of a service whose program was found to be of a kind: a handler is one whether its spec says so or not. Throws
 * `program.not-a-handler`, `program.handler`, and what {@link specError} makes when the spec asks for what a handler cannot do.
 */
export function withKind(spec: ServiceSpec, prepared: PreparedKind): ServiceSpec {
  if (prepared !== "handler") {
    if (spec.kind !== "handler" && spec.reuse === undefined) return spec;
    const asked = spec.kind === "handler" ? 'kind = "handler"' : "reuse";
    throw new WarrenError(
      "program.not-a-handler",
      `${asked} is for a component that exports wasi:http/incoming-handler, which the program is not`,
      { status: 422, hint: `leave ${spec.kind === "handler" ? "kind" : "reuse"} out, or build the program as one` },
    );
  }
  if (spec.kind !== undefined && spec.kind !== "handler") {
    throw new WarrenError(
      "program.handler",
      `the program is a component that exports wasi:http/incoming-handler, which cannot be kind = "${spec.kind}"`,
      { status: 422, hint: "leave kind out" },
    );
  }
  const handler: ServiceSpec = { ...spec, kind: "handler" };
  const [issue] = checkDeployed(handler);
  if (issue !== undefined) throw specError(issue);
  return handler;
}
